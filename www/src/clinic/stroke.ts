// A stroke of the brush, in pixels of the picture.

/** A mask of a known size, 0/1 per pixel, row by row. */
export interface Mask {
  pixels: Uint8Array;
  width: number;
  height: number;
}

export interface Position {
  x: number;
  y: number;
}

/** Stamps of the brush along a line, per radius: the edge deviates from a straight one by less than radius / 500. */
const STAMPS = 8;

/** A copy of the mask where everything within `radius` of the line through `points` has `value`; the mask itself if that changes nothing. */
export function painted(mask: Mask, points: readonly Position[], radius: number, value: 0 | 1): Uint8Array {
  const pixels = mask.pixels.slice();
  const target = { ...mask, pixels };
  points.forEach((point, i) => {
    const { x, y } = points[i - 1] ?? point;
    const steps = Math.max(1, Math.ceil((Math.hypot(point.x - x, point.y - y) * STAMPS) / Math.max(STAMPS, radius)));
    for (let step = i === 0 ? steps : 1; step <= steps; step++) {
      stamp(target, x + ((point.x - x) * step) / steps, y + ((point.y - y) * step) / steps, radius, value);
    }
  });
  for (let i = 0; i < pixels.length; i++) if (pixels[i] !== mask.pixels[i]) return pixels;
  return mask.pixels;
}

/** Pixels whose centre is within the radius, and the one that the centre of the brush is in. */
function stamp({ pixels, width, height }: Mask, cx: number, cy: number, radius: number, value: 0 | 1): void {
  const [column, row] = [Math.floor(cx), Math.floor(cy)];
  if (column >= 0 && row >= 0 && column < width && row < height) pixels[row * width + column] = value;
  const last = Math.min(height - 1, Math.floor(cy + radius - 0.5));
  for (let y = Math.max(0, Math.ceil(cy - radius - 0.5)); y <= last; y++) {
    const half = Math.sqrt(Math.max(0, radius ** 2 - (y + 0.5 - cy) ** 2));
    const from = Math.max(0, Math.ceil(cx - half - 0.5));
    const to = Math.min(width, Math.floor(cx + half - 0.5) + 1);
    if (from < to) pixels.fill(value, y * width + from, y * width + to);
  }
}
