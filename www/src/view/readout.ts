// What stands beside the pointer: place, value, millimetres.

import type { Point } from '../draw/tools.ts';
import type { Picture } from '../picture/picture.ts';
import { figure } from './windowing.ts';

export interface Pixel {
  x: number;
  y: number;
}

/** The pixel of `picture` at a point, or undefined beside it. */
export function pixelAt({ width, height }: Pick<Picture, 'width' | 'height'>, { x, y }: Point): Pixel | undefined {
  if (!(x >= 0 && y >= 0 && x < 1 && y < 1)) return undefined;
  return { x: Math.floor(x * width), y: Math.floor(y * height) };
}

/** Its value, with the unit where that is known: Hounsfield units of CT. */
export function valueText(values: readonly number[], modality: string | null): string {
  const [first, green, blue] = values.map(figure);
  if (green !== undefined && blue !== undefined) return `R ${first} G ${green} B ${blue}`;
  return `${first ?? ''}${modality === 'CT' ? ' HU' : ''}`;
}

/** Of the middle of a pixel, from the upper left corner of the picture. */
export function millimetres({ x, y }: Pixel, { x: across, y: down }: { x: number; y: number }): string {
  return `${((x + 0.5) * across).toFixed(1)} × ${((y + 0.5) * down).toFixed(1)} mm`;
}
