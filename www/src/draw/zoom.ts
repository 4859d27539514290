// How a picture lies in its stage: how much it is enlarged, and which point of it is in the middle. In shares of the
// picture, so that it stays where it is when the window changes its size.

import type { Point } from './tools.ts';

export interface Zoom {
  /** 1 fits the picture to the stage. */
  scale: number;
  /** Which point of the picture is in the middle of the stage. */
  middle: Point;
}

export interface Size {
  width: number;
  height: number;
}

/** In CSS pixels: the stage, and the picture in it at scale 1. Their middles coincide then. */
export interface Sizes {
  stage: Size;
  frame: Size;
}

export const FIT: Zoom = { scale: 1, middle: { x: 0.5, y: 0.5 } };

/** The longer side of one pixel of a picture gets at most so many CSS pixels, but any picture can be enlarged so far. */
const MOST_PER_PIXEL = 16;
const MOST_OF_ALL = 8;

/** The largest scale for a picture that is `pixels` wide. */
export function largestScale(pixels: number, { frame }: Sizes): number {
  return Math.max(MOST_OF_ALL, (MOST_PER_PIXEL * pixels) / Math.max(1, frame.width));
}

/** The same, without space that the picture could fill, and neither too small nor too large. */
export function clampZoom({ scale, middle }: Zoom, { stage, frame }: Sizes, largest: number): Zoom {
  const allowed = Math.min(largest, Math.max(1, scale));
  const along = (at: number, room: number, length: number) => {
    const half = room / (2 * Math.max(1, length) * allowed);
    return half >= 0.5 ? 0.5 : Math.min(1 - half, Math.max(half, at));
  };
  return { scale: allowed, middle: { x: along(middle.x, stage.width, frame.width), y: along(middle.y, stage.height, frame.height) } };
}

/** Enlarged by `factor`; what lies `at` (CSS pixels from the middle of the stage) stays there as far as it can. */
export function zoomAt({ scale, middle }: Zoom, factor: number, at: Point, sizes: Sizes, largest: number): Zoom {
  const next = Math.min(largest, Math.max(1, scale * factor));
  const along = (now: number, offset: number, length: number) => now + (offset / length) * (1 / scale - 1 / next);
  const { width, height } = sizes.frame;
  return clampZoom({ scale: next, middle: { x: along(middle.x, at.x, width), y: along(middle.y, at.y, height) } }, sizes, largest);
}

/** Moved with the pointer by `by` CSS pixels. */
export function panBy({ scale, middle }: Zoom, by: Point, sizes: Sizes, largest: number): Zoom {
  const { width, height } = sizes.frame;
  return clampZoom({ scale, middle: { x: middle.x - by.x / (width * scale), y: middle.y - by.y / (height * scale) } }, sizes, largest);
}

/** How far the middle of the picture lies from that of the stage, in CSS pixels. */
export function offset({ scale, middle }: Zoom, { frame }: Sizes): Point {
  return { x: scale * frame.width * (0.5 - middle.x), y: scale * frame.height * (0.5 - middle.y) };
}

/** Two fingers, before and after: by how much they spread, where their middle is and how far it moved. */
export function pinch(before: readonly [Point, Point], after: readonly [Point, Point]): { factor: number; at: Point; by: Point } {
  const distance = ([a, b]: readonly [Point, Point]) => Math.hypot(a.x - b.x, a.y - b.y);
  const centre = ([a, b]: readonly [Point, Point]) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const [from, to] = [centre(before), centre(after)];
  return { factor: distance(after) / Math.max(1, distance(before)), at: to, by: { x: to.x - from.x, y: to.y - from.y } };
}

/** Longest side of the canvas, in pixels, that shows the picture sharply, and whether its pixels are to be seen as such. */
export function fineness(pixels: number, css: number, density: number): { longest: number; pixelated: boolean } {
  const pixelated = css / pixels > SEEN_AS_SUCH && pixels <= LARGEST_CANVAS;
  if (pixelated) return { longest: pixels, pixelated };
  // In steps: not every turn of the wheel draws anew.
  const step = STEPS.find((side) => side >= css * density) ?? LARGEST_CANVAS;
  return { longest: Math.min(step, Math.max(pixels, SMOOTH)), pixelated };
}

/** Small pictures are enlarged to this before the browser does it, which is less smooth. */
const SMOOTH = 768;
const LARGEST_CANVAS = 4096;
const STEPS = [1024, 2048, LARGEST_CANVAS];
/** CSS pixels per pixel of the picture. */
const SEEN_AS_SUCH = 4;
