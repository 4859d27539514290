import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entropy, expectedCosts, filled, perplexity, rankOf, rowOf, tempered, topCodes } from '../../src/learn/distribution.ts';

const P = Float32Array.of(0.1, 0.5, 0, 0.4);
const close = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-5, `${actual} is not ${expected}`);

/** Four codes of 2 x 2 pixels: nothing, the left half, one pixel, all. */
const CODEBOOK = { codes: 4, patch: 2, pixels: Uint8Array.of(0, 0, 0, 0, 255, 0, 255, 0, 200, 0, 0, 0, 255, 255, 255, 255) };

test('temperature 1 changes nothing', () => {
  tempered(P, 1).forEach((value, code) => close(value, P[code]!));
});

test('temperature 1/2 squares the probabilities', () => {
  const sum = 0.01 + 0.25 + 0.16;
  tempered(P, 0.5).forEach((value, code) => close(value, P[code]! ** 2 / sum));
});

test('at any temperature the probabilities sum to 1 and keep their order, and a lower one is more certain', () => {
  const bits = [0.1, 0.5, 1, 2].map((temperature) => {
    const shaped = tempered(P, temperature);
    close(shaped.reduce((a, b) => a + b, 0), 1);
    assert.deepEqual(topCodes(shaped, 2), [1, 3]);
    return entropy(shaped);
  });
  assert.deepEqual(bits, [...bits].sort((a, b) => a - b));
  assert.ok(tempered(P, 0.1)[1]! > 0.9);
});

test('entropy and perplexity of equally likely codes tell their number', () => {
  close(entropy(Float32Array.of(0.25, 0.25, 0.25, 0.25)), 2);
  close(perplexity(Float32Array.of(0.5, 0.5, 0)), 2);
  close(entropy(Float32Array.of(1, 0)), 0);
});

test('the most probable codes come in order, the lower of equal ones first', () => {
  assert.deepEqual(topCodes(P, 3), [1, 3, 0]);
  assert.deepEqual(topCodes(Float32Array.of(0.2, 0.3, 0.2, 0.3), 3), [1, 3, 0]);
  assert.deepEqual(topCodes(Float32Array.of(0.7, 0.3), 5), [0, 1]);
  assert.deepEqual([rankOf(P, 1), rankOf(P, 0), rankOf(P, 2)], [1, 3, 4]);
});

test('a row is the distribution of its token', () => {
  const inspection = { codes: 2, rows: 2, probabilities: Float32Array.of(0.9, 0.1, 0.25, 0.75), words: [], layers: 1, heads: 1, cells: 1 };
  assert.deepEqual([...rowOf(inspection, 1)], [0.25, 0.75]);
});

test('a missed pixel may cost more than one drawn in vain, and impossible codes cost nothing', () => {
  const [nothing, half] = expectedCosts(CODEBOOK, Float32Array.of(0.5, 0.49995, 0.00005, 0), [0, 1], 0.4);
  close(nothing!, 1.2 * 2 * 0.49995);
  close(half!, 0.8 * 2 * 0.5);
});

test('wrong pixels are expected as the truth is distributed', () => {
  // Nothing: 2 pixels wrong where the left half is true, 4 where all is. All: 4 where nothing is true, 2 where the half is.
  const [nothing, half, , all] = expectedCosts(CODEBOOK, Float32Array.of(0.1, 0.5, 0, 0.4), [0, 1, 2, 3]);
  close(nothing!, 0.5 * 2 + 0.4 * 4);
  close(half!, 0.1 * 2 + 0.4 * 2);
  close(all!, 0.1 * 4 + 0.5 * 2);
  assert.deepEqual([0, 1, 2, 3].map((code) => filled(CODEBOOK, code)), [0, 0.5, 0.25, 1]);
});
