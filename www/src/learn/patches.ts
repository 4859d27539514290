// What codes draw, as pictures. Colours are the same in light and dark: they are pictures, like the one on the stage.

import { letter } from '../draw/paint.ts';
import type { Codebook } from '../engine/messages.ts';
import { filled } from './distribution.ts';

/** Where a mask is, and where it is not. */
const INSIDE = [86, 180, 233] as const;
const OUTSIDE = [24, 33, 43] as const;
/** Strong attention. */
export const HEAT = '255 209 64';
/** A cell without token. */
const PENDING = 'rgb(150 162 176 / 0.28)';

export type Surface = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** All codes of a model as one picture to cut patches from. */
export class Atlas {
  readonly codebook: Codebook;
  readonly #sheet: OffscreenCanvas;
  readonly #across: number;

  constructor(codebook: Codebook) {
    const { codes, patch, pixels } = codebook;
    this.codebook = codebook;
    this.#across = Math.ceil(Math.sqrt(codes));
    const side = this.#across * patch;
    this.#sheet = new OffscreenCanvas(side, side);
    const g = this.#sheet.getContext('2d')!;
    const image = g.createImageData(side, side);
    // A pixel at once, in the order that it has in memory.
    const shades = Uint32Array.from({ length: 256 }, (_, value) => {
      const shade = OUTSIDE.map((low, i) => Math.round(low + ((INSIDE[i]! - low) * value) / 255));
      return new Uint32Array(Uint8Array.of(...shade, 255).buffer)[0]!;
    });
    const sheet = new Uint32Array(image.data.buffer);
    for (let row = 0; row < codes * patch; row++) {
      const code = Math.floor(row / patch);
      const y = Math.floor(code / this.#across) * patch + (row % patch);
      const at = y * side + (code % this.#across) * patch;
      for (let x = 0; x < patch; x++) sheet[at + x] = shades[pixels[row * patch + x]!]!;
    }
    g.putImageData(image, 0, 0);
  }

  /** Draws a code, crisp. */
  draw(g: Surface, code: number, x: number, y: number, size: number): void {
    const { patch } = this.codebook;
    g.imageSmoothingEnabled = false;
    const [left, top] = [(code % this.#across) * patch, Math.floor(code / this.#across) * patch];
    g.drawImage(this.#sheet, left, top, patch, patch, x, y, size, size);
  }

  /** The mean colour of what a code draws. */
  shade(code: number): string {
    const share = filled(this.codebook, code);
    return `rgb(${OUTSIDE.map((low, i) => Math.round(low + (INSIDE[i]! - low) * share)).join(' ')})`;
  }

  /** Fills a canvas with a code, or with the sign of a cell that has none. */
  fill(canvas: HTMLCanvasElement, code: number | undefined): void {
    const { patch } = this.codebook;
    const g = cleared(canvas, patch, patch);
    if (code !== undefined) this.draw(g, code, 0, 0, patch);
  }

  /** A mask of its tokens, in raster order; cells without one stay dark. */
  mask(canvas: HTMLCanvasElement, tokens: ArrayLike<number>, columns: number, rows: number): void {
    const { patch } = this.codebook;
    Object.assign(canvas, { width: columns * patch, height: rows * patch });
    const g = canvas.getContext('2d')!;
    for (let i = 0; i < tokens.length; i++) {
      this.draw(g, tokens[i]!, (i % columns) * patch, Math.floor(i / columns) * patch, patch);
    }
  }
}

/** A cell that has no token yet, or that the model may not read. */
export function drawPending(g: Surface, x: number, y: number, size: number): void {
  g.strokeStyle = PENDING;
  g.lineWidth = 2;
  g.strokeRect(x + 1, y + 1, size - 2, size - 2);
}

export function drawHeat(g: Surface, strength: number, x: number, y: number, size: number): void {
  g.fillStyle = `rgb(${HEAT} / ${(0.82 * strength).toFixed(3)})`;
  g.fillRect(x, y, size, size);
}

/** A frame around a cell that can be seen on any ground. */
export function drawFrame(g: Surface, x: number, y: number, size: number, width = 3): void {
  g.strokeStyle = 'rgb(0 0 0 / 0.75)';
  g.lineWidth = width + 3;
  g.strokeRect(x, y, size, size);
  g.strokeStyle = 'white';
  g.lineWidth = width;
  g.strokeRect(x, y, size, size);
}

/** A token that is not told yet. */
export function drawUnknown(g: Surface, x: number, y: number, size: number): void {
  g.fillStyle = 'white';
  letter(g, 600, size * 0.65);
  g.fillText('?', x + size / 2, y + size * 0.55);
}

/** A canvas of this size with nothing on it. */
export function cleared(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const g = canvas.getContext('2d')!;
  g.clearRect(0, 0, width, height);
  return g;
}

/** Strengths of cells as a picture of one pixel each. */
export function heatMap(canvas: HTMLCanvasElement, strengths: Float32Array, columns: number, rows: number): void {
  const g = cleared(canvas, columns, rows);
  const image = g.createImageData(columns, rows);
  const [red, green, blue] = HEAT.split(' ').map(Number);
  strengths.forEach((strength, i) => image.data.set([red!, green!, blue!, Math.round(strength * 255)], i * 4));
  g.putImageData(image, 0, 0);
}
