// The inverse of `encodeRle`, to test it.

import type { Rle } from '../../src/draw/rle.ts';

export function decodeRle({ size: [height, width], counts }: Rle): Uint8Array {
  const mask = new Uint8Array(width * height);
  let at = 0;
  counts.forEach((run, index) => {
    for (const end = at + run; at < end; at++) {
      mask[(at % height) * width + Math.floor(at / height)] = index % 2;
    }
  });
  return mask;
}
