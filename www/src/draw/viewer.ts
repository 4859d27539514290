// The picture and, on a canvas above it, the mask as it arrives.

import { contour, shrink, soften } from './contour.ts';
import { heatColour } from './heat.ts';
import type { Token } from '../engine/messages.ts';
import type { Box, Grid } from '../picture/place.ts';

export type OverlayMode = 'fill' | 'contour' | 'off';

/** What colours the cells: nothing, the probabilities of their tokens, or how far sampled masks agree. */
export type Heat = 'off' | 'probability' | 'agreement';

/** Mask strength 0..255 per pixel, at any resolution. */
export interface Layer {
  field: Uint8Array;
  width: number;
  height: number;
  /** Which part of the picture it covers. */
  place: Box;
}

/** What lies over the picture. */
export interface Scene {
  grid: Grid;
  /** One entry per cell, row by row; undefined while it is pending. */
  cells: readonly (Token | undefined)[];
  /** Tokens from this index on are drawn as just written. */
  freshFrom: number;
  /** Indices of tokens that the user chose. */
  edited: ReadonlySet<number>;
  mask: Layer | undefined;
  truth: Layer | undefined;
  /** Per cell, from .5 (the masks are split) to 1 (all agree). */
  agreement: Float32Array | undefined;
}

/** Longest side of the canvases, in pixels: small pictures get smooth outlines, big ones stay cheap. */
const MIN_SIDE = 768;
const MAX_SIDE = 1024;
/** Longest side of the field that outlines are traced on. */
const OUTLINE_SIDE = 384;

/** Sky blue and orange of the Okabe-Ito palette: told apart by every kind of colour vision. */
const MASK = [86, 180, 233] as const;
const TRUTH = [240, 172, 40] as const;

export class Viewer {
  mode: OverlayMode = 'fill';
  opacity = 0.5;
  heat: Heat = 'off';
  showsTruth = false;
  /** The cell under the pointer or the keyboard's cursor. */
  cursor: number | undefined;

  #scene: Scene | undefined;
  #detail: 1 | 2 = 1;
  readonly #picture: CanvasRenderingContext2D;
  readonly #overlay: CanvasRenderingContext2D;
  #frame = 0;
  #onDrawn: (() => void)[] = [];
  #hatch: CanvasPattern | undefined;

  constructor(picture: HTMLCanvasElement, overlay: HTMLCanvasElement) {
    this.#picture = picture.getContext('2d')!;
    this.#overlay = overlay.getContext('2d')!;
  }

  /** Shows a picture without any mask. */
  show(bitmap: ImageBitmap): void {
    const longest = Math.max(bitmap.width, bitmap.height);
    const scale = Math.min(Math.max(longest, MIN_SIDE), MAX_SIDE) / longest;
    const width = Math.max(1, Math.round(bitmap.width * scale));
    const height = Math.max(1, Math.round(bitmap.height * scale));
    Object.assign(this.#picture.canvas, { width, height });
    Object.assign(this.#overlay.canvas, { width: width * this.#detail, height: height * this.#detail });
    this.#picture.imageSmoothingQuality = 'high';
    this.#picture.drawImage(bitmap, 0, 0, width, height);
    this.redraw();
  }

  /** So many pixels of the masks' canvas for one that it has at first: lines are finer where the picture is zoomed. */
  set detail(detail: 1 | 2) {
    if (detail === this.#detail) return;
    const { canvas } = this.#overlay;
    const factor = detail / this.#detail;
    this.#detail = detail;
    Object.assign(canvas, { width: canvas.width * factor, height: canvas.height * factor });
    // At once: a canvas that gets another size is empty.
    this.#draw();
  }

  get scene(): Scene | undefined {
    return this.#scene;
  }

  set scene(scene: Scene | undefined) {
    this.#scene = scene;
    if (!scene) this.cursor = undefined;
    this.redraw();
  }

  /** Draws in the next animation frame, however often it is called before; then calls `onDrawn`. */
  redraw(onDrawn?: () => void): void {
    if (onDrawn) this.#onDrawn.push(onDrawn);
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
      for (const call of this.#onDrawn.splice(0)) call();
    });
  }

  #draw(): void {
    const g = this.#overlay;
    g.clearRect(0, 0, g.canvas.width, g.canvas.height);
    const scene = this.#scene;
    if (!scene) return;
    if (this.mode !== 'off') {
      if (this.heat !== 'off') this.#drawHeat(g, scene);
      if (scene.mask) {
        if (this.mode === 'fill' && this.heat === 'off') this.#drawFill(g, scene.mask);
        drawOutline(g, scene.mask, MASK, false);
      }
    }
    if (scene.truth && this.showsTruth) drawOutline(g, scene.truth, TRUTH, true);
    this.#drawPending(g, scene);
    if (this.cursor !== undefined) drawCursor(g, cellPixels(g, scene.grid, this.cursor));
  }

  #drawFill(g: CanvasRenderingContext2D, { field, width, height, place }: Layer): void {
    const small = shrink(field, width, height, MAX_SIDE);
    const layer = new OffscreenCanvas(small.width, small.height);
    const context = layer.getContext('2d')!;
    const image = context.createImageData(small.width, small.height);
    small.field.forEach((value, i) => {
      image.data.set(MASK, i * 4);
      image.data[i * 4 + 3] = value * this.opacity;
    });
    context.putImageData(image, 0, 0);
    g.drawImage(layer, ...pixels(g, place));
  }

  #drawHeat(g: CanvasRenderingContext2D, { grid, cells, agreement }: Scene): void {
    g.save();
    cells.forEach((token, i) => {
      const agreed = agreement?.[i];
      const sure = this.heat === 'probability' ? token?.probability : agreed && sureness(agreed);
      if (sure === undefined) return;
      const [x, y, w, h] = cellPixels(g, grid, i);
      // What the model is sure of hides little of the picture.
      g.globalAlpha = 0.3 + 0.5 * (1 - sure);
      g.fillStyle = heatColour(sure);
      g.fillRect(x + 1, y + 1, w - 2, h - 2);
    });
    g.restore();
  }

  #drawPending(g: CanvasRenderingContext2D, { grid, cells, freshFrom, edited }: Scene): void {
    g.save();
    this.#hatch ??= hatch(g);
    g.fillStyle = this.#hatch;
    g.strokeStyle = 'rgb(255 255 255 / 0.95)';
    g.lineWidth = 2;
    cells.forEach((token, i) => {
      if (!token) g.fillRect(...cellPixels(g, grid, i));
      else if (token.index >= freshFrom) g.strokeRect(...cellPixels(g, grid, i));
      if (token && edited.has(token.index)) drawMark(g, cellPixels(g, grid, i));
    });
    g.restore();
  }
}

function drawOutline(
  g: CanvasRenderingContext2D,
  layer: Layer,
  colour: readonly number[],
  dotted: boolean,
): void {
  const { field, width, height } = shrink(layer.field, layer.width, layer.height, OUTLINE_SIDE);
  const segments = contour(soften(field, width, height), width, height);
  const [left, top, across, down] = pixels(g, layer.place);
  const [sx, sy] = [across / width, down / height];
  const path = new Path2D();
  for (let i = 0; i < segments.length; i += 4) {
    // The segments are short and in no order, so dots are made by leaving some out.
    if (dotted && (Math.floor(segments[i]! / 3) + Math.floor(segments[i + 1]! / 3)) % 2) continue;
    path.moveTo(left + segments[i]! * sx, top + segments[i + 1]! * sy);
    path.lineTo(left + segments[i + 2]! * sx, top + segments[i + 3]! * sy);
  }
  g.save();
  g.lineCap = 'round';
  g.strokeStyle = 'rgb(0 0 0 / 0.45)';
  g.lineWidth = 5;
  g.stroke(path);
  g.strokeStyle = `rgb(${colour.join(' ')})`;
  g.lineWidth = 2.5;
  g.stroke(path);
  g.restore();
}

/** A corner of a cell whose token the user chose. */
function drawMark(g: CanvasRenderingContext2D, [x, y, w]: readonly number[]): void {
  const size = Math.max(8, w! / 4);
  g.save();
  g.fillStyle = `rgb(${TRUTH.join(' ')})`;
  g.beginPath();
  g.moveTo(x!, y!);
  g.lineTo(x! + size, y!);
  g.lineTo(x!, y! + size);
  g.fill();
  g.restore();
}

function drawCursor(g: CanvasRenderingContext2D, cell: ReturnType<typeof cellPixels>): void {
  g.save();
  g.strokeStyle = 'rgb(0 0 0 / 0.7)';
  g.lineWidth = 5;
  g.strokeRect(...cell);
  g.strokeStyle = 'white';
  g.lineWidth = 2;
  g.strokeRect(...cell);
  g.restore();
}

/** A part of the picture in pixels of its canvas: left, top, width, height. */
function pixels({ canvas }: CanvasRenderingContext2D, { x, y, width, height }: Box): [number, number, number, number] {
  return [x * canvas.width, y * canvas.height, width * canvas.width, height * canvas.height];
}

function cellPixels(g: CanvasRenderingContext2D, { rows, columns, place }: Grid, cell: number) {
  const [left, top, across, down] = pixels(g, place);
  const [w, h] = [across / columns, down / rows];
  return [left + (cell % columns) * w, top + Math.floor(cell / columns) * h, w, h] as const;
}

/** Agreement of 75 % is as unsure as the colours get: cells of an outline hardly ever differ in more of their pixels. */
function sureness(agreement: number): number {
  return Math.max(0, 1 - 4 * (1 - agreement));
}

/** Grey diagonal hatching: "not decoded yet", which nothing else on the canvas looks like. */
function hatch(g: CanvasRenderingContext2D): CanvasPattern {
  const size = 16;
  const tile = new OffscreenCanvas(size, size);
  const t = tile.getContext('2d')!;
  t.fillStyle = 'rgb(110 118 132 / 0.42)';
  t.fillRect(0, 0, size, size);
  t.strokeStyle = 'rgb(225 230 240 / 0.42)';
  t.lineWidth = 2;
  t.beginPath();
  for (const shift of [-size, 0, size]) {
    t.moveTo(shift - 2, size + 2);
    t.lineTo(shift + size + 2, -2);
  }
  t.stroke();
  return g.createPattern(tile, 'repeat')!;
}
