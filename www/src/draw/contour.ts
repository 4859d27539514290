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
    for (let x = -1; x < width; x++) {
      const nw = at(x, y);
      const ne = at(x + 1, y);
      const se = at(x + 1, y + 1);
      const sw = at(x, y + 1);
      const inside = [nw, ne, se, sw].map((value) => (value >= level ? 1 : 0));
      const kind = inside[0]! * 8 + inside[1]! * 4 + inside[2]! * 2 + inside[3]!;
      if (kind === 0 || kind === 15) continue;
      // Pixel centres are at half positions.
      const left = x + 0.5;
      const top = y + 0.5;
      const edge = {
        n: () => [left + cut(nw, ne), top],
        e: () => [left + 1, top + cut(ne, se)],
        s: () => [left + cut(sw, se), top + 1],
        w: () => [left, top + cut(nw, sw)],
      };
      for (const [from, to] of LINES[kind]!) segments.push(...edge[from](), ...edge[to]());
    }
  }
  return segments;
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
  const soft = new Uint8Array(field.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let dy = -1; dy <= 1; dy++) {
        const row = Math.min(height - 1, Math.max(0, y + dy)) * width;
        for (let dx = -1; dx <= 1; dx++) {
          sum += field[row + Math.min(width - 1, Math.max(0, x + dx))] ?? 0;
        }
      }
      soft[y * width + x] = Math.round(sum / 9);
    }
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
  for (let y = 0; y < h; y++) {
    const row = Math.min(height - 1, Math.floor(((y + 0.5) * height) / h)) * width;
    for (let x = 0; x < w; x++) {
      small[y * w + x] = field[row + Math.min(width - 1, Math.floor(((x + 0.5) * width) / w))] ?? 0;
    }
  }
  return { field: small, width: w, height: h };
}
