import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contour, joined, shrink, soften } from '../../src/draw/contour.ts';
import { dice } from '../../src/draw/dice.ts';
import { heatColour } from '../../src/draw/heat.ts';
import { encodeRle } from '../../src/draw/rle.ts';
import { decodeRle } from './decode-rle.ts';

test('dice of two half-overlapping masks is one half', () => {
  assert.equal(dice(Uint8Array.of(1, 1, 0, 0), Uint8Array.of(0, 1, 1, 0)), 0.5);
});

test('two empty masks agree, an empty and a full one do not', () => {
  assert.equal(dice(new Uint8Array(4), new Uint8Array(4)), 1);
  assert.equal(dice(new Uint8Array(4), Uint8Array.of(1, 1, 1, 1)), 0);
});

test('masks of different sizes are not compared', () => {
  assert.throws(() => dice(new Uint8Array(4), new Uint8Array(5)), /4 and 5 pixels/);
});

test('run lengths go column by column and begin with zeros', () => {
  // 0 1
  // 1 1
  const mask = Uint8Array.of(0, 1, 1, 1);
  assert.deepEqual(encodeRle(mask, 2, 2), { size: [2, 2], counts: [1, 3] });
  assert.deepEqual(encodeRle(Uint8Array.of(1, 0), 2, 1), { size: [1, 2], counts: [0, 1, 1] });
});

test('decoding run lengths gives the mask back', () => {
  const mask = Uint8Array.from({ length: 7 * 5 }, (_, i) => ((i * 7) % 3 === 0 ? 1 : 0));
  assert.deepEqual(decodeRle(encodeRle(mask, 7, 5)), mask);
  assert.deepEqual(decodeRle(encodeRle(new Uint8Array(6), 3, 2)), new Uint8Array(6));
});

test('the contour of one pixel is a closed diamond around its centre', () => {
  const field = new Uint8Array(9);
  field[4] = 255;
  const segments = contour(field, 3, 3);
  assert.equal(segments.length, 4 * 4);
  const ends = new Map<string, number>();
  for (let i = 0; i < segments.length; i += 2) {
    const [x, y] = [segments[i]!, segments[i + 1]!];
    assert.ok(Math.abs(Math.abs(x - 1.5) + Math.abs(y - 1.5) - 0.5) < 0.01);
    const key = `${x.toFixed(3)},${y.toFixed(3)}`;
    ends.set(key, (ends.get(key) ?? 0) + 1);
  }
  assert.deepEqual([...ends.values()], [2, 2, 2, 2]);
});

test('every contour is closed, also at the border of the picture', () => {
  const width = 9;
  const field = Uint8Array.from({ length: width * 6 }, (_, i) => ((i * 31) % 7 < 3 ? 255 : 0));
  const segments = contour(field, width, 6);
  const ends = new Map<string, number>();
  for (let i = 0; i < segments.length; i += 2) {
    const key = `${segments[i]!.toFixed(3)},${segments[i + 1]!.toFixed(3)}`;
    ends.set(key, (ends.get(key) ?? 0) + 1);
  }
  assert.ok([...ends.values()].every((count) => count % 2 === 0));
});

test('the segments of a contour are joined to closed lines, one around each part and each hole', () => {
  const width = 12;
  const field = new Uint8Array(width * 8);
  const fill = (x0: number, y0: number, x1: number, y1: number, value: number) => {
    for (let y = y0; y < y1; y++) field.fill(value, y * width + x0, y * width + x1);
  };
  fill(1, 1, 6, 6, 255);
  fill(3, 3, 4, 4, 0);
  fill(8, 0, 12, 3, 255);
  const segments = contour(field, width, 8);
  const lines = joined(segments);
  assert.equal(lines.length, 3);
  for (const line of lines) assert.deepEqual(line.slice(0, 2), line.slice(-2));
  assert.equal(lines.reduce((sum, line) => sum + line.length / 2 - 1, 0), segments.length / 4);
});

test('an empty and only an empty mask has no contour', () => {
  assert.deepEqual(contour(new Uint8Array(16), 4, 4), []);
  assert.ok(contour(new Uint8Array(16).fill(255), 4, 4).length > 0);
});

test('softening keeps flat parts and halves an edge', () => {
  const field = Uint8Array.from({ length: 36 }, (_, i) => (i % 6 < 3 ? 0 : 240));
  const soft = soften(field, 6, 6);
  assert.deepEqual([...soft.slice(0, 6)], [0, 0, 80, 160, 240, 240]);
});

test('shrinking bounds the longer side and keeps the proportions', () => {
  const small = shrink(new Uint8Array(4000 * 1000).fill(7), 4000, 1000, 400);
  assert.deepEqual([small.width, small.height], [400, 100]);
  assert.ok(small.field.every((value) => value === 7));
  const same = shrink(Uint8Array.of(1, 2), 2, 1, 400);
  assert.deepEqual([...same.field], [1, 2]);
});

test('certain is dark, unsure is bright, and values outside 0..1 are clamped', () => {
  assert.equal(heatColour(1), 'rgb(0 34 78)');
  assert.equal(heatColour(0), 'rgb(254 232 56)');
  assert.equal(heatColour(1.5), heatColour(1));
});
