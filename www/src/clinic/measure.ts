// How large a mask is: its area, its parts, its longest diameter.

import type { PackedMask } from '../session/mask.ts';

/** Millimetres of a pixel, across and down. */
export interface Spacing {
  x: number;
  y: number;
}

export interface Measures {
  pixels: number;
  /** Of the picture, 0 to 1. */
  share: number;
  /** Square millimetres, where the picture has a spacing. */
  area: number | undefined;
  /** Parts that do not touch, not even by a corner. */
  parts: number;
  /** Of the largest part, between the far edges of its pixels: millimetres where there is a spacing, else pixels. */
  longest: number;
}

const measured = new WeakMap<PackedMask, { spacing: Spacing | undefined; measures: Measures }>();

/** Once for the same mask and spacing: lists are drawn anew whenever anything changes. */
export function measure(mask: PackedMask, spacing: Spacing | undefined): Measures {
  const known = measured.get(mask);
  if (known && known.spacing === spacing) return known.measures;
  const measures = measureAnew(mask, spacing);
  measured.set(mask, { spacing, measures });
  return measures;
}

function measureAnew(mask: PackedMask, spacing: Spacing | undefined): Measures {
  const parts = partsOf(mask);
  const pixels = parts.reduce((sum, part) => sum + part.pixels, 0);
  const largest = parts.reduce((best, part) => (part.pixels > best.pixels ? part : best), { pixels: 0, rows: [] as Row[] });
  return {
    pixels,
    share: pixels / (mask.width * mask.height),
    area: spacing && pixels * spacing.x * spacing.y,
    parts: parts.length,
    longest: longestDiameter(largest.rows, spacing ?? { x: 1, y: 1 }),
  };
}

/** A run within one row: pixels `from` to `to`, the last not included. */
interface Row {
  y: number;
  from: number;
  to: number;
}

interface Part {
  pixels: number;
  rows: Row[];
}

/** Parts that touch by an edge or a corner are one. */
function partsOf(mask: PackedMask): Part[] {
  const rows = rowsOf(mask);
  const parent = rows.map((_, i) => i);
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]!]!;
    return i;
  };
  // Two fingers over the rows in order: one on a run, one on those of the row above.
  let above = 0;
  rows.forEach(({ y, from, to }, i) => {
    while (rows[above]!.y < y - 1 || (rows[above]!.y === y - 1 && rows[above]!.to < from)) above++;
    for (let j = above; j < i && rows[j]!.y === y - 1 && rows[j]!.from <= to; j++) parent[root(j)] = root(i);
  });
  const parts = new Map<number, Part>();
  rows.forEach((row, i) => {
    const part = parts.get(root(i)) ?? { pixels: 0, rows: [] };
    part.pixels += row.to - row.from;
    part.rows.push(row);
    parts.set(root(i), part);
  });
  return [...parts.values()];
}

function rowsOf({ width, runs }: PackedMask): Row[] {
  const rows: Row[] = [];
  let at = 0;
  runs.forEach((run, i) => {
    const end = at + run;
    while (i % 2 && at < end) {
      const y = Math.floor(at / width);
      const to = Math.min(end, (y + 1) * width);
      rows.push({ y, from: at - y * width, to: to - y * width });
      at = to;
    }
    at = end;
  });
  return rows;
}

/** Greatest distance of two corners of pixels (Feret's diameter): both lie on the convex hull. */
function longestDiameter(rows: readonly Row[], { x: sx, y: sy }: Spacing): number {
  const corners = rows.flatMap(({ y, from, to }) =>
    [from, to].flatMap((x) => [[x * sx, y * sy] as const, [x * sx, (y + 1) * sy] as const]),
  );
  const hull = convexHull(corners);
  let longest = 0;
  for (const [i, [x, y]] of hull.entries()) {
    for (const [u, v] of hull.slice(i + 1)) longest = Math.max(longest, Math.hypot(x - u, y - v));
  }
  return longest;
}

type Corner = readonly [x: number, y: number];

/** Andrew's monotone chain. */
function convexHull(points: Corner[]): Corner[] {
  const sorted = [...points].sort(([a, b], [c, d]) => a - c || b - d);
  const half = (ordered: readonly Corner[]) => {
    const chain: Corner[] = [];
    for (const point of ordered) {
      while (chain.length > 1 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain;
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

function turn([ax, ay]: Corner, [bx, by]: Corner, [cx, cy]: Corner): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}
