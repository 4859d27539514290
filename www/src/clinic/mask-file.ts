// A mask that somebody drew elsewhere, from a picture file.

import { decodeUpright, rgbaOf } from '../picture/picture.ts';
import { say } from '../ui/words.ts';

/** Values of a label map, at most; pictures and softened masks have more. */
const LABELS = 16;

export interface GreyPicture {
  /** One value per pixel, row by row. */
  values: Uint8Array;
  width: number;
  height: number;
}

/** Whether the values are those of a mask: a few labels, or mostly black and white. */
export function looksLikeMask(values: Uint8Array): boolean {
  const counts = new Uint32Array(256);
  for (const value of values) counts[value]! += 1;
  const used = counts.filter((count) => count > 0).length;
  const ends = counts.slice(0, 16).reduce((a, b) => a + b, 0) + counts.slice(-16).reduce((a, b) => a + b, 0);
  return used <= LABELS || ends > 0.9 * values.length;
}

/** 1 where a label is, 0 elsewhere. Softened masks are cut at half of their strongest value. */
export function binary(values: Uint8Array): Uint8Array {
  const used = new Set(values);
  const level = used.size <= LABELS ? 1 : Math.max(...used) / 2;
  return values.map((value) => (value >= level ? 1 : 0));
}

/** Reads any picture that the browser reads, turned by its orientation tag; colour counts as its strongest channel. */
export async function readGrey(file: File): Promise<GreyPicture> {
  const decode = async () => decodeUpright(new Uint8Array(await file.arrayBuffer()), { colorSpaceConversion: 'none' });
  const bitmap = await decode().catch(() => undefined);
  if (!bitmap) throw new Error(say('truthUnreadable', file.name));
  const { width, height } = bitmap;
  const data = rgbaOf(bitmap, width, height);
  bitmap.close();
  const values = new Uint8Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = Math.max(data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!);
  return { values, width, height };
}
