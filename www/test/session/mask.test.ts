import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areaOf, packMask, unpackMask } from '../../src/session/mask.ts';

test('a packed mask is the mask', () => {
  for (const mask of [[0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0], [0, 1, 0, 1, 0, 1]]) {
    const packed = packMask(Uint8Array.from(mask), 3, 2);
    assert.deepEqual([...unpackMask(packed)], mask);
    assert.equal(areaOf(packed), mask.filter(Boolean).length);
  }
  assert.deepEqual([...packMask(Uint8Array.of(1, 1, 0), 3, 1).runs], [0, 2, 1]);
});

test('a large mask of few runs is small', () => {
  const mask = new Uint8Array(1_000_000).fill(1, 1000, 2000);
  assert.ok(packMask(mask, 1000, 1000).runs.length <= 3);
});
