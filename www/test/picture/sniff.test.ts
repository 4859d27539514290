import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pngSize, sniff } from '../../src/picture/sniff.ts';

test('a file is known by its first bytes, not by its name', () => {
  assert.equal(sniff(Uint8Array.of(0x89, 0x50, 0x4e, 0x47), 'x.jpg').type, 'PNG');
  assert.equal(sniff(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), 'x.png').type, 'JPEG');
  assert.equal(sniff(new TextEncoder().encode('RIFF....WEBP'), 'x').type, 'WebP');
  assert.throws(() => sniff(new TextEncoder().encode('hello'), 'notes.txt'), /notes\.txt is not a PNG, JPEG or WebP/);
  assert.throws(() => sniff(new Uint8Array(0), 'void.png'), /void\.png is empty/);
});

test('a DICOM file is told to be one', () => {
  const dicom = new Uint8Array(200);
  dicom.set(new TextEncoder().encode('DICM'), 128);
  assert.throws(() => sniff(dicom, 'scan.dcm'), /scan\.dcm.*DICOM/);
});

test('a PNG header tells its size before anything is decoded', () => {
  const header = new Uint8Array(33);
  header.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82]);
  new DataView(header.buffer).setUint32(16, 20_000);
  new DataView(header.buffer).setUint32(20, 30_000);
  assert.deepEqual(pngSize(header), { width: 20_000, height: 30_000 });
  assert.equal(pngSize(header.slice(0, 20)), undefined);
});
