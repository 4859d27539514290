import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimedSize, sniff } from '../../src/picture/sniff.ts';
import { tell } from '../../src/ui/tell.ts';
import { setLanguage } from '../../src/ui/words.ts';

test('a file is known by its first bytes, not by its name', () => {
  assert.equal(sniff(Uint8Array.of(0x89, 0x50, 0x4e, 0x47), 'x.jpg').type, 'PNG');
  assert.equal(sniff(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), 'x.png').type, 'JPEG');
  assert.equal(sniff(new TextEncoder().encode('RIFF....WEBP'), 'x').type, 'WebP');
  assert.throws(() => sniff(new TextEncoder().encode('hello'), 'notes.txt'), /notes\.txt is not a PNG, JPEG or WebP/);
  assert.throws(() => sniff(new Uint8Array(0), 'void.png'), /void\.png is empty/);
});

test('a DICOM file is known with its preamble and without', () => {
  const dicom = new Uint8Array(200);
  dicom.set(new TextEncoder().encode('DICM'), 128);
  assert.deepEqual(sniff(dicom, 'scan'), { type: 'DICOM', mime: 'application/dicom', needsModule: true });
  // (0008,0005) CS, explicit; (0008,0000) of 4 bytes, implicit.
  for (const begin of [[8, 0, 5, 0, 0x43, 0x53, 10, 0], [8, 0, 0, 0, 4, 0, 0, 0]]) {
    const bare = new Uint8Array(64);
    bare.set(begin);
    assert.equal(sniff(bare, 'scan').type, 'DICOM');
  }
  assert.throws(() => sniff(Uint8Array.from({ length: 64 }, () => 8), 'eights'), /eights is not a PNG, JPEG or WebP picture and no DICOM file/);
});

test('a PNG of 16 bits takes the module, one of 8 does not', () => {
  const header = new Uint8Array(33);
  header.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82]);
  header[24] = 8;
  assert.equal(sniff(header, 'x.png').needsModule, false);
  header[24] = 16;
  assert.equal(sniff(header, 'x.png').needsModule, true);
});

/** A JPEG of one frame and one scan. */
const jpeg = (marker: number, bits: number, size = [0, 1, 0, 1], end = [0xff, 0xd9]) =>
  Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc4, 0, 3, 0, 0xff, marker, 0, 11, bits, ...size, 1, 1, 0x11, 0, 0xff, 0xda, 0, 2, 0, 0, ...end);

test('a JPEG that browsers do not decode is called by its kind', () => {
  assert.equal(sniff(jpeg(0xc0, 8), 'x.jpg').type, 'JPEG');
  assert.equal(sniff(jpeg(0xc2, 8), 'x.jpg').type, 'JPEG');
  assert.throws(() => sniff(jpeg(0xc1, 12), 'x.jpg'), /x\.jpg is a JPEG of 12 bits, which browsers do not decode: save it as PNG/);
  assert.throws(() => sniff(jpeg(0xc3, 16), 'x.jpg'), /x\.jpg is a lossless JPEG/);
  assert.throws(() => sniff(jpeg(0xf7, 8), 'x.jpg'), /x\.jpg is a JPEG-LS picture/);
});

test('a JPEG without its end is refused, as the engine refuses it', () => {
  assert.throws(() => sniff(jpeg(0xc0, 8, [0, 1, 0, 1], []), 'x.jpg'), /x\.jpg is a JPEG without its end: copy or download it again\./);
});

test('files of other kinds are called what they are', () => {
  const text = (at: number, begin: string) => {
    const bytes = new Uint8Array(400);
    bytes.set(Uint8Array.from(begin, (letter) => letter.charCodeAt(0)), at);
    return bytes;
  };
  const kinds: [Uint8Array, string, RegExp][] = [
    [text(4, 'ftypheic'), 'a.jpg', /a\.jpg is a HEIC picture/],
    [text(4, 'ftypmif1'), 'a', /HEIC/],
    [text(4, 'ftypavif'), 'a', /AVIF/],
    [text(4, 'ftypisom'), 'a', /a video/],
    [text(0, 'II*\0'), 'a', /TIFF/],
    [text(0, 'MM\0*'), 'a', /TIFF/],
    [text(0, '<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns='), 'a', /an SVG drawing/],
    [text(344, 'n+1'), 'a', /NIfTI volume/],
    [text(0, '\x1f\x8b'), 'a.nii.gz', /NIfTI volume/],
    [text(0, '\x1f\x8b'), 'a.gz', /gzip archive/],
    [text(0, 'PK\x03\x04'), 'a', /ZIP archive/],
    [text(0, '%PDF-1.7'), 'a', /PDF document/],
    [text(0, 'GIF89a'), 'a', /GIF/],
    [text(4, 'jP  '), 'a', /JPEG 2000/],
    [text(0, '\xff\x0a'), 'a', /JPEG XL/],
    [text(0, 'BM'), 'a', /BMP/],
    [text(0, 'NRRD0004'), 'a', /NRRD volume: save one slice/],
    [text(0, '\x93NUMPY'), 'a', /NumPy array/],
    [text(0, '\n<!doctype html><title>x'), 'a.png', /a\.png is a web page/],
  ];
  for (const [bytes, name, expected] of kinds) assert.throws(() => sniff(bytes, name), expected);
});

test('a header tells the size before anything is decoded', () => {
  const png = new Uint8Array(33);
  png.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82]);
  new DataView(png.buffer).setUint32(16, 20_000);
  new DataView(png.buffer).setUint32(20, 30_000);
  assert.deepEqual(claimedSize(png), { width: 20_000, height: 30_000 });
  assert.equal(claimedSize(png.slice(0, 20)), undefined);
  assert.deepEqual(claimedSize(jpeg(0xc2, 8, [0x4e, 0x20, 0x75, 0x30])), { width: 30_000, height: 20_000 });
  const webp = (kind: string, at: number, ...values: number[]) => {
    const bytes = new Uint8Array(40);
    bytes.set(new TextEncoder().encode(`RIFF....WEBP${kind}`));
    bytes.set(values, at);
    return bytes;
  };
  assert.deepEqual(claimedSize(webp('VP8X', 24, 0xff, 0x3f, 0, 0xe7, 3, 0)), { width: 16_384, height: 1_000 });
  assert.deepEqual(claimedSize(webp('VP8 ', 26, 0x80, 2, 0xe0, 1)), { width: 640, height: 480 });
  // 14 bits each, less one: 640 and 480.
  assert.deepEqual(claimedSize(webp('VP8L', 21, 0x7f, 0xc2, 0x77, 0)), { width: 640, height: 480 });
});

test('why a file is not opened is said in the language of the page', () => {
  const refusal = (bytes: Uint8Array, name: string) => {
    try {
      sniff(bytes, name);
    } catch (error) {
      return tell(error);
    }
    return 'opened';
  };
  setLanguage('de');
  const heic = new TextEncoder().encode('\0\0\0\x18ftypheic');
  assert.equal(refusal(heic, 'foto.heic'), 'foto.heic ist ein HEIC-Bild: zuerst als PNG speichern.');
  assert.equal(refusal(jpeg(0xc1, 12), 'x.jpg').split(':')[0], 'x.jpg ist ein JPEG mit 12 Bits, das Browser nicht dekodieren');
  setLanguage('en');
  assert.equal(refusal(heic, 'photo.heic'), 'photo.heic is a HEIC picture: save it as PNG first.');
});
