// Pictures with an orientation tag, made of ones without.

import { crc32, deflateSync } from 'node:zlib';

/** TIFF data with one entry: the orientation. */
function exif(orientation, littleEndian) {
  const bytes = Buffer.alloc(26);
  const write = (at, value, size) => (littleEndian ? bytes.writeUIntLE(value, at, size) : bytes.writeUIntBE(value, at, size));
  bytes.write(littleEndian ? 'II' : 'MM', 0, 'latin1');
  write(2, 42, 2);
  write(4, 8, 4);
  write(8, 1, 2);
  write(10, 0x112, 2);
  write(12, 3, 2);
  write(14, 1, 4);
  write(18, orientation, 2);
  return bytes;
}

function chunk(type, content) {
  const head = Buffer.from(`....${type}`, 'latin1');
  head.writeUInt32BE(content.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), content])));
  return Buffer.concat([head, content, sum]);
}

function riff(type, content) {
  const head = Buffer.from(`${type}....`, 'latin1');
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length & 1)]);
}

/** Puts the tag into a PNG, JPEG or WebP file, which has `width` x `height` pixels. */
export function tagged(file, orientation, { littleEndian = true, width, height }) {
  const tag = exif(orientation, littleEndian);
  if (file[0] === 0x89) return Buffer.concat([file.subarray(0, 33), chunk('eXIf', tag), file.subarray(33)]);
  if (file[0] === 0xff) {
    const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tag]);
    const head = Buffer.of(0xff, 0xe1, 0, content.length + 2);
    return Buffer.concat([file.subarray(0, 2), head, content, file.subarray(2)]);
  }
  const header = Buffer.alloc(10);
  header[0] = 0x08; // There is EXIF.
  header.writeUIntLE(width - 1, 4, 3);
  header.writeUIntLE(height - 1, 7, 3);
  const picture = file.subarray(12, 16).toString('latin1') === 'VP8X' ? file.subarray(30) : file.subarray(12);
  return riff('RIFF', Buffer.concat([Buffer.from('WEBP', 'latin1'), riff('VP8X', header), picture, riff('EXIF', tag)]));
}

/** A PNG of any size, grey (1 channel) or in colour (3), that is small as a file; `colour` is that of all its pixels. */
export function largePng(width, height, { colour, channels = colour ? 3 : 1, bits = 8 } = {}) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, channels === 3 ? 2 : 0], 8);
  const row = (width * channels * bits) / 8 + 1;
  const rows = Buffer.alloc(row * height);
  for (let y = 0; y < height; y++) rows.fill(colour ? Buffer.from(colour) : (90 + (y >> 5)) & 0xff, y * row + 1, (y + 1) * row);
  if (channels === 3 && !colour) for (let at = 1; at < rows.length; at += 997) if (at % row > 0) rows[at] = 255;
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}
