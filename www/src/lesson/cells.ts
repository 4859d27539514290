// Which cells of a mask a lesson points at.

import type { Run } from '../session/run.ts';

/** Share of every cell that the mask covers, row by row; cells beyond the edges of the picture count as empty there. */
export function coverage(mask: Uint8Array, width: number, height: number, { rows, columns, square }: Run['started']): number[] {
  const side = { x: square.side / columns, y: square.side / rows };
  return Array.from({ length: rows * columns }, (_, cell) => {
    const left = Math.round(square.x + (cell % columns) * side.x);
    const top = Math.round(square.y + Math.floor(cell / columns) * side.y);
    const [right, bottom] = [Math.round(left + side.x), Math.round(top + side.y)];
    let inside = 0;
    for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
      for (let x = Math.max(0, left); x < Math.min(width, right); x++) inside += mask[y * width + x] ? 1 : 0;
    }
    return inside / Math.max(1, (right - left) * (bottom - top));
  });
}

export interface Telling {
  /** A cell that an outline runs through. */
  edge: number;
  /** A cell that the mask covers. */
  inside: number;
  /** A cell without mask. */
  outside: number;
}

/** Cells to tell a lesson with; undefined where the mask is empty or covers everything. */
export function tellingCells(shares: readonly number[]): Telling | undefined {
  if (shares.length === 0) return undefined;
  const best = (cost: (share: number) => number) =>
    shares.reduce((found, share, i) => (cost(share) < cost(shares[found]!) - 1e-9 ? i : found), 0);
  const [edge, inside, outside] = [best((share) => Math.abs(share - 0.5)), best((share) => -share), best((share) => share)];
  return shares[inside]! > shares[outside]! ? { edge, inside, outside } : undefined;
}
