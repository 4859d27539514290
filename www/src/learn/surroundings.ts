// A cell of the picture among its neighbours, with what the mask has there so far.

import type { Token } from '../engine/messages.ts';
import { drawFrame, drawUnknown, type Atlas } from './patches.ts';

/** Cells on each side of the one in the middle. */
const AROUND = 2;
/** Pixels of a cell. */
const CELL = 64;

export interface Place {
  seen: OffscreenCanvas;
  atlas: Atlas;
  columns: number;
  rows: number;
  /** The cell in the middle. */
  index: number;
  /** Of the cells before it. */
  tokens: readonly Token[];
}

/** Draws the surroundings; `code` stands in the middle cell, where one is chosen. */
export function drawSurroundings(canvas: HTMLCanvasElement, place: Place, code: number | undefined): void {
  const { seen, atlas, columns, rows, index, tokens } = place;
  const side = (2 * AROUND + 1) * CELL;
  Object.assign(canvas, { width: side, height: side });
  const g = canvas.getContext('2d')!;
  const [w, h] = [seen.width / columns, seen.height / rows];
  const [row, column] = [Math.floor(index / columns), index % columns];
  for (let down = -AROUND; down <= AROUND; down++) {
    for (let right = -AROUND; right <= AROUND; right++) {
      const [r, c] = [row + down, column + right];
      if (r < 0 || c < 0 || r >= rows || c >= columns) continue;
      const [x, y] = [(right + AROUND) * CELL, (down + AROUND) * CELL];
      g.globalCompositeOperation = 'source-over';
      g.drawImage(seen, c * w, r * h, w, h, x, y, CELL, CELL);
      const cell = r * columns + c;
      const there = cell === index ? code : cell < index ? tokens[cell]?.token : undefined;
      if (there === undefined) continue;
      // Patches brighten the picture below them where they are mask.
      g.globalCompositeOperation = 'screen';
      g.globalAlpha = 0.75;
      atlas.draw(g, there, x, y, CELL);
      g.globalAlpha = 1;
    }
  }
  g.globalCompositeOperation = 'source-over';
  const middle = AROUND * CELL;
  drawFrame(g, middle, middle, CELL);
  if (code !== undefined) return;
  g.fillStyle = 'rgb(0 0 0 / 0.45)';
  g.fillRect(middle, middle, CELL, CELL);
  drawUnknown(g, middle, middle, CELL);
}
