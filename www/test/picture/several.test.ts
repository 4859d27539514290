import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstPicture, maskOf, namesMask, withoutJunk } from '../../src/picture/several.ts';

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47);
const picture = (name: string) => new File([PNG], name);
const other = (name: string) => new File(['II*\0'], name);
const named = (...names: string[]) => names.map((name) => ({ name }));

test('names tell masks, and words that only contain the letters do not', () => {
  for (const name of ['p0-mask.png', 'GT_12.png', 'lung_seg.png', 'case7.label.png', 'Mask (1).png', 'mask2.png']) assert.ok(namesMask(name), name);
  for (const name of ['p0.png', 'x.png', 'segments.png', 'unmasked.png', 'gtr.png']) assert.ok(!namesMask(name), name);
});

test('what file managers leave is no file of several, and is one by itself', () => {
  assert.deepEqual(withoutJunk(named('.DS_Store', 'a.png', 'Thumbs.db', '._a.png')), named('a.png'));
  assert.deepEqual(withoutJunk(named('.a.png')), named('.a.png'));
});

test('the first picture by name is opened, and a mask only where nothing else is there', async () => {
  const opened = async (...files: File[]) => (await firstPicture(files))?.name;
  assert.equal(await opened(other('notes.txt'), picture('scan10.png'), picture('scan9.png')), 'scan9.png');
  assert.equal(await opened(picture('a_mask.png'), picture('b.png')), 'b.png');
  assert.equal(await opened(other('notes.txt'), picture('a_mask.png')), 'a_mask.png');
  assert.equal(await opened(other('notes.txt')), undefined);
});

test('a mask does not stand in for its picture that cannot be opened', async () => {
  const files = [other('notes.txt'), picture('scan_mask.png'), other('scan.tif')];
  assert.equal((await firstPicture(files))?.name, 'scan.tif');
});

test('a mask belongs to the picture of its name, whatever comes first', () => {
  const folder = named('a_mask.png', 'b_mask.png', 'GT-c1.png', 'a.png', 'b.png', 'c1.png', 'd.png');
  for (const [picture, mask] of [['a.png', 'a_mask.png'], ['b.png', 'b_mask.png'], ['c1.png', 'GT-c1.png'], ['d.png', undefined]]) {
    assert.equal(maskOf(picture!, folder)?.name, mask);
  }
});

test('of two files, a part of the name is enough', () => {
  const pair = (picture: string, mask: string) => maskOf(picture, named(picture, mask))?.name;
  for (const mask of ['mask.png', 'scan_left_lung_mask.png', 'GT.png']) assert.equal(pair('scan.png', mask), mask);
  assert.equal(pair('image_001.png', 'mask_001.png'), 'mask_001.png');
  assert.equal(pair('image_11.png', 'mask_1.png'), undefined);
  assert.equal(pair('scan.png', 'other_mask.png'), undefined);
  assert.equal(maskOf('scan.png', named('scan.png', 'mask.png', 'readme.txt')), undefined);
});
