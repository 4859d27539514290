// A picture that the user chose: its bytes for the engine, a bitmap for the eye.

import type { PictureKind } from '../bundle/bundle.ts';
import { MAX_PIXELS } from '../engine/messages.generated.ts';
import type { OpenStudy } from '../imaging/client.ts';
import type { Rendered } from '../imaging/messages.ts';
import type { Imaging } from './module.ts';
import { FileRefusal } from './refusal.ts';
import { formatOf, claimedSize, sniff } from './sniff.ts';
import { turned, untagged } from './turn.ts';

/** Longest side of a bitmap that the imaging module renders: what canvases of every browser can hold. */
export const LONGEST = 4096;

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
  /** The file in the imaging module; undefined for pictures that the browser decoded by itself. */
  study: OpenStudy | undefined;
  /** Which frame of the file it is, from 0. */
  frame: number;
  /** Undefined where the file does not say it. */
  spacing: Spacing | undefined;
  /** What is worth knowing about the file. */
  notes: readonly string[];
}

/** Size of a pixel in mm, and the attribute that says it. */
export interface Spacing {
  x: number;
  y: number;
  from: string;
}

/** Reads a picture; throws an Error for the user, most often a `FileRefusal`, when it is none. */
export async function openPicture(name: string, bytes: Uint8Array<ArrayBuffer>, imaging: Imaging): Promise<Picture> {
  const { type, needsModule } = sniff(bytes, name);
  // The engine's own limit, checked before anything allocates the pixels.
  const claimed = claimedSize(bytes);
  if (claimed) refuseLarge(name, claimed);
  if (needsModule) return openStudy(name, bytes, imaging);
  const bitmap = await decodeUpright(bytes).catch(() => {
    throw new FileRefusal(name, ['file.damaged', type], 'file.asPng');
  });
  refuseLarge(name, bitmap);
  const { kind, opaque } = look(bitmap);
  const { width, height } = bitmap;
  // The engine reads the colours below what is transparent.
  if (!opaque) {
    bitmap.close();
    return openStudy(name, bytes, imaging);
  }
  return { name, bytes, bitmap, width, height, kind, study: undefined, frame: 0, spacing: undefined, notes: [] };
}

function refuseLarge(name: string, { width, height }: { width: number; height: number }): void {
  if (width * height > MAX_PIXELS) {
    throw new FileRefusal(name, ['file.large', width, height, MAX_PIXELS / 1e6], 'file.shrink');
  }
}

/**
 * A picture file that the browser decodes, turned by its orientation tag as the engine turns it.
 * Rejects where the browser cannot decode it.
 */
export async function decodeUpright(bytes: Uint8Array<ArrayBuffer>, options: ImageBitmapOptions = {}): Promise<ImageBitmap> {
  const format = formatOf(bytes);
  const { orientation, parts } = format ? untagged(bytes, format.type) : { orientation: 1 as const, parts: [bytes] };
  const stored = await createImageBitmap(new Blob(parts, { type: format?.mime ?? '' }), options);
  if (orientation === 1) return stored;
  try {
    return turned(stored, orientation);
  } finally {
    stored.close();
  }
}

/** A file that the imaging module reads. */
async function openStudy(name: string, bytes: Uint8Array<ArrayBuffer>, imaging: Imaging): Promise<Picture> {
  const study = await imaging.open(bytes, name);
  return openFrame(study, name, 0).catch((error: unknown) => {
    study.close();
    throw error;
  });
}

/** A frame of an open file, as the file's own window shows it. */
export async function openFrame(study: OpenStudy, name: string, frame: number): Promise<Picture> {
  const { width, height, windows: [window], spacing, notes } = study.info;
  const bytes = await study.picture(frame);
  const bitmap = await createImageBitmap(toImage(await study.render(frame, window!.centre, window!.width, false, LONGEST)));
  return {
    name,
    bytes,
    bitmap,
    width,
    height,
    kind: look(bitmap).kind,
    study,
    frame,
    spacing: spacing ? { x: spacing.column, y: spacing.row, from: spacing.from } : undefined,
    notes,
  };
}

/** The pixels of a picture at some size: red, green, blue and opacity of each. */
export function rgbaOf(
  picture: ImageBitmap | OffscreenCanvas,
  width: number,
  height: number,
  smoothing: Partial<CanvasImageSmoothing> = {},
): Uint8ClampedArray {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  Object.assign(context, smoothing).drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** Puts what was rendered on a canvas, which takes its size. */
export function putOn(canvas: HTMLCanvasElement | OffscreenCanvas, image: Rendered): void {
  Object.assign(canvas, { width: image.width, height: image.height });
  (canvas.getContext('2d') as CanvasRenderingContext2D).putImageData(toImage(image), 0, 0);
}

function toImage({ width, height, rgba }: Rendered): ImageData {
  const pixels = new Uint8ClampedArray(rgba.buffer as ArrayBuffer, rgba.byteOffset, rgba.byteLength);
  return new ImageData(pixels, width, height);
}

/** Frees what a picture holds, but for the file of the one that is shown next. */
export function closePicture(picture: Picture | undefined, next?: Picture): void {
  picture?.bitmap.close();
  if (picture?.study !== next?.study) picture?.study?.close();
}

/** What a picture seems to be: X-rays are grey, what has colours is from another source; and whether nothing shines through. */
function look(bitmap: ImageBitmap): { kind: PictureKind; opaque: boolean } {
  const SIDE = 32;
  /** Mean distance of the channels, of 255: tinted X-rays stay below, photographs of tissue lie far above. */
  const COLOURED = 12;
  const data = rgbaOf(bitmap, SIDE, SIDE);
  let distance = 0;
  let opaque = true;
  for (let i = 0; i < data.length; i += 4) {
    const channels = [data[i]!, data[i + 1]!, data[i + 2]!];
    distance += Math.max(...channels) - Math.min(...channels);
    opaque &&= data[i + 3] === 255;
  }
  return { kind: distance / (SIDE * SIDE) > COLOURED ? 'colour' : 'xray', opaque };
}

/** A mask picture as 0/1 values of the size `width` x `height`. */
export async function readMask(blob: Blob, width: number, height: number): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(blob);
  const data = rgbaOf(bitmap, width, height, { imageSmoothingEnabled: false });
  bitmap.close();
  return Uint8Array.from({ length: width * height }, (_, i) => (data[i * 4]! > 127 ? 1 : 0));
}

/** A 0/1 mask as a black and white PNG of its own size. */
export async function maskPng(mask: Uint8Array, width: number, height: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  mask.forEach((value, i) => image.data.fill(value ? 255 : 0, i * 4, i * 4 + 3).fill(255, i * 4 + 3, i * 4 + 4));
  context.putImageData(image, 0, 0);
  return canvas.convertToBlob();
}
