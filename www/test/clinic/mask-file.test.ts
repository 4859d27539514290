import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binary, looksLikeMask } from '../../src/clinic/mask-file.ts';

test('labels are cut above zero, softened masks at half', () => {
  assert.deepEqual([...binary(Uint8Array.of(0, 1, 2, 0))], [0, 1, 1, 0]);
  assert.deepEqual([...binary(Uint8Array.of(0, 255))], [0, 1]);
  const soft = Uint8Array.from({ length: 201 }, (_, i) => i);
  assert.equal(binary(soft).indexOf(1), 100);
});

test('a picture with many greys is no mask', () => {
  assert.ok(looksLikeMask(Uint8Array.of(0, 0, 1, 1)));
  assert.ok(!looksLikeMask(Uint8Array.from({ length: 256 }, (_, i) => i)));
});
