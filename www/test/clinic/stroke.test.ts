import assert from 'node:assert/strict';
import { test } from 'node:test';
import { painted } from '../../src/clinic/stroke.ts';

const mask = (width: number, height: number, value = 0) => ({ pixels: new Uint8Array(width * height).fill(value), width, height });

test('a dot marks the pixels whose centre is within the radius', () => {
  const pixels = painted(mask(7, 7), [{ x: 3.5, y: 3.5 }], 1, 1);
  const rows = Array.from({ length: 7 }, (_, y) => [...pixels.slice(y * 7, y * 7 + 7)].join(''));
  assert.deepEqual(rows, ['0000000', '0000000', '0001000', '0011100', '0001000', '0000000', '0000000']);
});

test('a brush of less than a pixel marks the pixel that it is in', () => {
  const pixels = painted(mask(4, 4), [{ x: 1.1, y: 2.9 }], 0.5, 1);
  assert.deepEqual(pixels.indexOf(1), 2 * 4 + 1);
  assert.equal(pixels.reduce((a, b) => a + b), 1);
});

test('a quick stroke has no gaps and the width of the brush', () => {
  const pixels = painted(mask(200, 60), [{ x: 20, y: 30 }, { x: 180, y: 30 }], 10, 1);
  for (let x = 20; x < 180; x++) {
    let height = 0;
    for (let y = 0; y < 60; y++) height += pixels[y * 200 + x]!;
    assert.ok(height >= 19 && height <= 20, `${height} at ${x}`);
  }
});

test('the eraser takes away what the brush marks', () => {
  const points = [{ x: 5, y: 5 }, { x: 12, y: 9 }];
  const marked = painted(mask(20, 20), points, 3, 1);
  assert.deepEqual(painted({ pixels: marked, width: 20, height: 20 }, points, 3, 0), new Uint8Array(400));
});

test('the mask before is not changed, and a stroke that changes nothing gives it back', () => {
  const before = mask(9, 9);
  assert.notEqual(painted(before, [{ x: 4, y: 4 }], 2, 1), before.pixels);
  assert.equal(before.pixels.indexOf(1), -1);
  assert.equal(painted(before, [{ x: 4, y: 4 }], 2, 0), before.pixels);
});

test('a stroke may leave the picture', () => {
  const pixels = painted(mask(10, 10), [{ x: -5, y: 5 }, { x: 15, y: 5 }], 2, 1);
  assert.equal(pixels.reduce((a, b) => a + b), 40);
});
