import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binary, looksLikeMask, namesMask, splitFiles } from '../../src/clinic/mask-file.ts';

test('names tell masks, and words that only contain the letters do not', () => {
  for (const name of ['p0-mask.png', 'GT_12.png', 'lung_seg.png', 'case7.label.png', 'Mask (1).png']) assert.ok(namesMask(name), name);
  for (const name of ['p0.png', 'x.png', 'segments.png', 'unmasked.png', 'gtr.png']) {
    assert.ok(!namesMask(name), name);
  }
});

test('a picture and its mask are told apart in any order', () => {
  const [picture, mask] = [{ name: 'a.png' }, { name: 'a_mask.png' }];
  for (const files of [[picture, mask], [mask, picture]]) assert.deepEqual(splitFiles(files), { mask, picture });
  assert.deepEqual(splitFiles([mask]), { mask, picture: undefined });
  assert.equal(splitFiles([picture]), undefined);
});

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
