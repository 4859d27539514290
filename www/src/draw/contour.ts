// Outline of a mask by marching squares, as line segments in pixel units.

/**
 * Segments [x0, y0, x1, y1, …] of the level line of `field` (0..255) at `level`.
 * Outside the picture counts as 0, so a mask that touches the border is closed there.
 */
export function contour(field: Uint8Array, width: number, height: number, level = 128): number[] {
  const segments: number[] = [];
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (field[y * width + x] ?? 0);
  const cut = (a: number, b: number) => (level - a) / (b - a);
  for (let y = -1; y < height; y++) {
    let nw = 0;
    let sw = 0;
    for (let x = -1; x < width; x++) {
      const ne = at(x + 1, y);
      const se = at(x + 1, y + 1);
      const kind = (nw >= level ? 8 : 0) + (ne >= level ? 4 : 0) + (se >= level ? 2 : 0) + (sw >= level ? 1 : 0);
      if (kind !== 0 && kind !== 15) {
        // Pixel centres are at half positions.
        const left = x + 0.5;
        const top = y + 0.5;
        const [a, b, c, d] = [nw, ne, se, sw];
        const edge = {
          n: () => [left + cut(a, b), top],
          e: () => [left + 1, top + cut(b, c)],
          s: () => [left + cut(d, c), top + 1],
          w: () => [left, top + cut(a, d)],
        };
        for (const [from, to] of LINES[kind]!) segments.push(...edge[from](), ...edge[to]());
      }
      nw = ne;
      sw = se;
    }
  }
  return segments;
}

/** The segments of `contour` joined to lines [x0, y0, x1, y1, …]; closed ones end where they begin. */
export function joined(segments: readonly number[]): number[][] {
  const ends = new Map<number, number[]>();
  // Both cells of an edge compute the same point, so that rounding only has to tell points apart.
  const key = (at: number) => Math.round((segments[at]! + 1) * 4096) * 2 ** 26 + Math.round((segments[at + 1]! + 1) * 4096);
  for (let at = 0; at < segments.length; at += 2) {
    const there = ends.get(key(at));
    if (there) there.push(at);
    else ends.set(key(at), [at]);
  }
  const used = new Uint8Array(segments.length / 4);
  const next = (at: number) => ends.get(key(at))!.find((end) => !used[end >> 2]);
  const lines: number[][] = [];
  for (let first = 0; first < segments.length; first += 4) {
    if (used[first >> 2]) continue;
    const line = [segments[first]!, segments[first + 1]!];
    for (let from: number | undefined = first; from !== undefined; ) {
      used[from >> 2] = 1;
      // A segment's ends are beside each other in the list.
      const to: number = from % 4 === 0 ? from + 2 : from - 2;
      line.push(segments[to]!, segments[to + 1]!);
      from = next(to);
    }
    lines.push(line);
  }
  return lines;
}

type Side = 'n' | 'e' | 's' | 'w';
const LINES: readonly (readonly (readonly [Side, Side])[])[] = [
  [],
  [['w', 's']],
  [['s', 'e']],
  [['w', 'e']],
  [['n', 'e']],
  [['w', 'n'], ['s', 'e']],
  [['n', 's']],
  [['w', 'n']],
  [['w', 'n']],
  [['n', 's']],
  [['w', 's'], ['n', 'e']],
  [['n', 'e']],
  [['w', 'e']],
  [['s', 'e']],
  [['w', 's']],
  [],
];

/** Mean of each pixel and its neighbours: rounds the stairs of a two-valued mask. */
export function soften(field: Uint8Array, width: number, height: number): Uint8Array {
  const rows = new Uint16Array(field.length);
  for (let y = 0; y < height; y++) {
    const at = y * width;
    for (let x = 0; x < width; x++) {
      rows[at + x] = field[at + Math.max(0, x - 1)]! + field[at + x]! + field[at + Math.min(width - 1, x + 1)]!;
    }
  }
  const soft = new Uint8Array(field.length);
  for (let y = 0; y < height; y++) {
    const [above, at, below] = [Math.max(0, y - 1) * width, y * width, Math.min(height - 1, y + 1) * width];
    for (let x = 0; x < width; x++) soft[at + x] = Math.round((rows[above + x]! + rows[at + x]! + rows[below + x]!) / 9);
  }
  return soft;
}

/** Nearest-neighbour copy whose longer side is at most `limit`. */
export function shrink(
  field: Uint8Array,
  width: number,
  height: number,
  limit: number,
): { field: Uint8Array; width: number; height: number } {
  const scale = Math.min(1, limit / Math.max(width, height));
  if (scale === 1) return { field, width, height };
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  const small = new Uint8Array(w * h);
  const nearest = (at: number, from: number, to: number) => Math.min(from - 1, Math.floor(((at + 0.5) * from) / to));
  const columns = Uint32Array.from({ length: w }, (_, x) => nearest(x, width, w));
  for (let y = 0; y < h; y++) {
    const row = nearest(y, height, h) * width;
    for (let x = 0; x < w; x++) small[y * w + x] = field[row + columns[x]!]!;
  }
  return { field: small, width: w, height: h };
}
