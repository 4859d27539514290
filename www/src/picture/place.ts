// Where the cells lie: they divide the square that the model reads, which is not always the whole picture.

import type { Square } from '../engine/messages.ts';

/** A part of the picture in shares of its width and height; padding makes it reach below 0 and above 1. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const WHOLE: Box = { x: 0, y: 0, width: 1, height: 1 };

export interface Grid {
  rows: number;
  columns: number;
  place: Box;
}

/** Width by height at which a picture is shown: one that is narrower than a line would not be seen, so it is widened. */
export function shownAspect({ width, height }: { width: number; height: number }): number {
  const MOST = 50;
  return Math.min(MOST, Math.max(1 / MOST, width / height));
}

export function placeOf({ x, y, side }: Square, width: number, height: number): Box {
  return { x: x / width, y: y / height, width: side / width, height: side / height };
}

/** The cell at a point given in shares of the picture, row by row. */
export function cellAt({ rows, columns, place }: Grid, x: number, y: number): number | undefined {
  if (x < 0 || y < 0 || x >= 1 || y >= 1) return undefined;
  const row = Math.floor(((y - place.y) / place.height) * rows);
  const column = Math.floor(((x - place.x) / place.width) * columns);
  const inside = row >= 0 && column >= 0 && row < rows && column < columns;
  return inside ? row * columns + column : undefined;
}

/** The cell beside `from`, or the middle one without it; it stays among cells that are at least in part in the picture. */
export function cellBeside(grid: Grid, from: number | undefined, [right, down]: readonly [number, number]): number {
  const { rows, columns, place } = grid;
  const at = from ?? Math.floor(rows / 2) * columns + Math.floor(columns / 2);
  const row = clamp(Math.floor(at / columns) + down, rows, place.y, place.height);
  const column = clamp((at % columns) + right, columns, place.x, place.width);
  return row * columns + column;
}

function clamp(value: number, count: number, start: number, length: number): number {
  // A hair of tolerance: a cell that only touches the edge is outside.
  const hair = 1e-6;
  const first = Math.max(0, Math.floor((-start / length) * count + hair));
  const last = Math.min(count, Math.ceil(((1 - start) / length) * count - hair)) - 1;
  return Math.min(last, Math.max(first, value));
}
