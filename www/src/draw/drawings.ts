// Fills and outlines of masks, made once for each: a redraw at every token costs what changed, not what is there.

import { contour, joined, shrink, soften } from './contour.ts';
import { COMPARED, type Colour } from './palette.ts';
import type { Box } from '../picture/place.ts';

/** Mask strength per pixel, at any resolution. Whoever changes `field` makes a new one. */
export interface Layer {
  field: Uint8Array;
  width: number;
  height: number;
  /** Which part of the picture it covers. */
  place: Box;
  /** The strongest value: 1 of a mask, 255 of probabilities. */
  peak: 1 | 255;
}

/** An outline in pixels of its canvas. */
export interface Outline {
  path: Path2D;
  /** Its topmost point, where a label goes. */
  top: readonly [x: number, y: number] | undefined;
}

interface Entry {
  outline?: Outline;
  fill?: { colour: Colour; canvas: OffscreenCanvas };
  compared?: { truth: Uint8Array; canvas: OffscreenCanvas };
  drawn: number;
}

/** Longest side of fills: more than a screen shows costs time for nothing. */
const FILL_SIDE = 1024;
/** Redraws after which a mask that was in none of them is forgotten. */
const KEPT = 8;

export class Drawings {
  readonly #entries = new Map<Uint8Array, Entry>();
  readonly #outlineSide: number;
  #count = 0;

  /** `outlineSide`: longest side of the field that outlines are traced on. */
  constructor(outlineSide: number) {
    this.#outlineSide = outlineSide;
  }

  /** The canvases have another size: outlines are in their pixels. */
  clear(): void {
    this.#entries.clear();
  }

  /** A redraw is over. */
  drawn(): void {
    this.#count += 1;
    for (const [field, { drawn }] of this.#entries) if (drawn < this.#count - KEPT) this.#entries.delete(field);
  }

  outline(layer: Layer, canvas: { width: number; height: number }): Outline {
    const entry = this.#entry(layer.field);
    return (entry.outline ??= this.#trace(layer, canvas));
  }

  fill(layer: Layer, colour: Colour): OffscreenCanvas {
    const entry = this.#entry(layer.field);
    if (entry.fill?.colour !== colour) entry.fill = { colour, canvas: painted(layer, colour) };
    return entry.fill.canvas;
  }

  /** What `mask` and `truth` have in common and what not; `truth` covers the whole picture. */
  compared(mask: Layer, truth: Layer): OffscreenCanvas {
    const entry = this.#entry(mask.field);
    if (entry.compared?.truth !== truth.field) entry.compared = { truth: truth.field, canvas: comparison(mask, truth) };
    return entry.compared.canvas;
  }

  #entry(field: Uint8Array): Entry {
    const entry = this.#entries.get(field) ?? { drawn: 0 };
    entry.drawn = this.#count;
    this.#entries.set(field, entry);
    return entry;
  }

  #trace(layer: Layer, canvas: { width: number; height: number }): Outline {
    const { field, width, height } = shrink(layer.field, layer.width, layer.height, this.#outlineSide);
    const full = layer.peak === 255 ? field : field.map((value) => value * 255);
    const { place } = layer;
    const [left, top] = [place.x * canvas.width, place.y * canvas.height];
    const [sx, sy] = [(place.width * canvas.width) / width, (place.height * canvas.height) / height];
    const path = new Path2D();
    let highest: [number, number] | undefined;
    for (const line of joined(contour(soften(full, width, height), width, height))) {
      for (let i = 0; i < line.length; i += 2) {
        const [x, y] = [left + line[i]! * sx, top + line[i + 1]! * sy];
        if (i === 0) path.moveTo(x, y);
        else path.lineTo(x, y);
        if (!highest || y < highest[1]) highest = [x, y];
      }
    }
    return { path, top: highest };
  }
}

function painted(layer: Layer, colour: Colour): OffscreenCanvas {
  const { field, width, height } = shrink(layer.field, layer.width, layer.height, FILL_SIDE);
  const pixelOf = Int32Array.from({ length: 256 }, (_, value) => packed(colour, Math.min(255, (value * 255) / layer.peak)));
  return pixels(width, height, (data) => {
    for (let i = 0; i < data.length; i++) data[i] = pixelOf[field[i]!]!;
  });
}

/** A pixel as browsers keep it: little-endian wherever they run. */
function packed([red, green, blue]: Colour, alpha: number): number {
  return (alpha << 24) | (blue << 16) | (green << 8) | red;
}

/** On the pixels of the mask, which may cover another part of the picture than the truth. */
function comparison(mask: Layer, truth: Layer): OffscreenCanvas {
  const { field, width, height } = shrink(mask.field, mask.width, mask.height, FILL_SIDE);
  const colours = [0, ...[COMPARED.maskOnly, COMPARED.truthOnly, COMPARED.both].map((colour) => packed(colour, 255))];
  const { place } = mask;
  /** Where the pixel `at` of the mask is in the truth; outside of it where it is in its padding. */
  const inTruth = (at: number, count: number, from: number, size: number, all: number) => Math.floor((from + ((at + 0.5) / count) * size) * all);
  const columns = Array.from({ length: width }, (_, x) => inTruth(x, width, place.x, place.width, truth.width));
  return pixels(width, height, (data) => {
    for (let y = 0; y < height; y++) {
      const row = inTruth(y, height, place.y, place.height, truth.height);
      const inside = row >= 0 && row < truth.height;
      for (let x = 0; x < width; x++) {
        const column = columns[x]!;
        const isTrue = inside && column >= 0 && column < truth.width && truth.field[row * truth.width + column];
        const isMask = 2 * field[y * width + x]! >= mask.peak;
        data[y * width + x] = colours[(isMask ? 1 : 0) + (isTrue ? 2 : 0)]!;
      }
    }
  });
}

function pixels(width: number, height: number, paint: (data: Int32Array) => void): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  paint(new Int32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  return canvas;
}
