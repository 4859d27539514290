// A picture that the user chose: its bytes for the engine, a bitmap for the eye.

import type { PictureKind } from '../bundle/bundle.ts';
import { MAX_PIXELS } from '../engine/messages.generated.ts';
import { pngSize, sniff } from './sniff.ts';
import type { OpenStudy } from './study.ts';

export interface Picture {
  name: string;
  /** What the engine reads. */
  bytes: Uint8Array;
  /** What is shown: the same pixels, or a smaller copy. */
  bitmap: ImageBitmap;
  /** Of the picture itself, in pixels. */
  width: number;
  height: number;
  /** What it seems to be, by which a model is proposed for it. */
  kind: PictureKind;
  /** Millimetres of a pixel, where the file says so. */
  spacing?: { x: number; y: number } | undefined;
  /** The file in the imaging module; undefined for pictures that the browser decoded by itself. */
  study?: OpenStudy | undefined;
  /** Which frame of the file it is, from 0. */
  frame?: number;
}

/** Reads a picture; throws an Error for the user when it is none. */
export async function openPicture(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Picture> {
  const { type, mime } = sniff(bytes, name);
  // The engine's own limit, checked before the browser allocates the pixels.
  const claimed = pngSize(bytes);
  if (claimed && claimed.width * claimed.height > MAX_PIXELS) {
    throw new Error(`${name} has ${claimed.width} x ${claimed.height} pixels, too many; shrink it first.`);
  }
  try {
    // Turned by its orientation tag, as the engine turns it: that is the browser's default.
    const bitmap = await createImageBitmap(new Blob([bytes], { type: mime }));
    return { name, bytes, bitmap, width: bitmap.width, height: bitmap.height, kind: kindOf(bitmap) };
  } catch {
    throw new Error(
      `${name} cannot be decoded: the ${type} file is damaged, or of a kind that browsers do not read, such as 12 bits. Save it as an 8-bit PNG.`,
    );
  }
}

/** X-rays are grey; what has colours is from another source. */
function kindOf(bitmap: ImageBitmap): PictureKind {
  const SIDE = 32;
  /** Mean distance of the channels, of 255: tinted X-rays stay below, photographs of tissue lie far above. */
  const COLOURED = 12;
  const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d')!;
  context.drawImage(bitmap, 0, 0, SIDE, SIDE);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  let distance = 0;
  for (let i = 0; i < data.length; i += 4) {
    const channels = [data[i]!, data[i + 1]!, data[i + 2]!];
    distance += Math.max(...channels) - Math.min(...channels);
  }
  return distance / (SIDE * SIDE) > COLOURED ? 'colour' : 'xray';
}

/** A mask picture as 0/1 values of the size `width` x `height`. */
export async function readMask(blob: Blob, width: number, height: number): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return Uint8Array.from({ length: width * height }, (_, i) => (data[i * 4]! > 127 ? 1 : 0));
}

/** A 0/1 mask as a black and white PNG of its own size. */
export async function maskPng(mask: Uint8Array, width: number, height: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  mask.forEach((value, i) => image.data.fill(value ? 255 : 0, i * 4, i * 4 + 3).fill(255, i * 4 + 3, i * 4 + 4));
  context.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}
