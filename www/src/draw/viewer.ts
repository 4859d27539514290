// The picture and, on a canvas above it, the masks as they arrive.

import { Drawings, type Layer } from './drawings.ts';
import { heatColour } from './heat.ts';
import { boxOn, paintFill, paintNumbers, paintOutline, paintPicture, type Coloured } from './paint.ts';
import { TRUTH, css, type Colour } from './palette.ts';
import type { Point } from './tools.ts';
import type { Token } from '../engine/messages.ts';
import type { Grid } from '../picture/place.ts';

export type { Layer } from './drawings.ts';

export type OverlayMode = 'fill' | 'contour' | 'off';

/** What colours the cells: nothing, the probabilities of their tokens, or how far sampled masks agree. */
export type Heat = 'off' | 'probability' | 'agreement';

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
  /** Of the mask. */
  colour: Colour;
  /** The number of its finding. */
  id: number;
  /** Masks of other findings, below it. */
  others: readonly Coloured[];
  truth: Layer | undefined;
  /** Per cell, from .5 (the masks are split) to 1 (all agree). */
  agreement: Float32Array | undefined;
}

/** The brush over the picture; its radius and the points of a stroke in shares of the picture's width and size. */
export interface Brush {
  at: Point | undefined;
  radius: number;
  erases: boolean;
  /** The points of the stroke that is being drawn. */
  stroke: readonly Point[];
}

/** Longest side of the canvases, in pixels: small pictures get smooth outlines, big ones stay cheap. */
const MIN_SIDE = 768;
const MAX_SIDE = 1024;
/** Longest side of the field that outlines are traced on. */
const OUTLINE_SIDE = 384;
const LINE = { width: 2.5 };

export class Viewer {
  mode: OverlayMode = 'fill';
  opacity = 0.5;
  heat: Heat = 'off';
  showsTruth = false;
  /** Colours the mask by what it has in common with the ground truth. */
  compares = false;
  /** Nothing lies over the picture, for a look at it. */
  hidden = false;
  /** The cell under the pointer or the keyboard's cursor. */
  cursor: number | undefined;
  /** Another mask, as a dashed outline. */
  ghost: Layer | undefined;
  brush: Brush | undefined;

  #scene: Scene | undefined;
  #detail: 1 | 2 = 1;
  readonly #picture: CanvasRenderingContext2D;
  readonly #overlay: CanvasRenderingContext2D;
  readonly #drawings = new Drawings(OUTLINE_SIDE);
  #frame = 0;
  #onDrawn: (() => void)[] = [];
  #hatch: CanvasPattern | undefined;
  /** For the stroke that is being drawn. */
  #scratch: OffscreenCanvas | undefined;

  constructor(picture: HTMLCanvasElement, overlay: HTMLCanvasElement) {
    this.#picture = picture.getContext('2d')!;
    this.#overlay = overlay.getContext('2d')!;
  }

  /** Shows a picture; masks stay as they are. */
  show(bitmap: ImageBitmap): void {
    paintPicture(this.#picture, bitmap, Math.min(Math.max(bitmap.width, bitmap.height, MIN_SIDE), MAX_SIDE));
    const { width, height } = this.#picture.canvas;
    Object.assign(this.#overlay.canvas, { width: width * this.#detail, height: height * this.#detail });
    this.#drawings.clear();
    this.redraw();
  }

  /** So many pixels of the masks' canvas for one that it has at first: lines are finer where the picture is zoomed. */
  set detail(detail: 1 | 2) {
    if (detail === this.#detail) return;
    const { canvas } = this.#overlay;
    const factor = detail / this.#detail;
    this.#detail = detail;
    Object.assign(canvas, { width: canvas.width * factor, height: canvas.height * factor });
    this.#drawings.clear();
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
      this.#drawings.drawn();
      for (const call of this.#onDrawn.splice(0)) call();
    });
  }

  #draw(): void {
    const g = this.#overlay;
    g.clearRect(0, 0, g.canvas.width, g.canvas.height);
    const scene = this.#scene;
    if (!this.hidden && scene) {
      if (this.mode !== 'off') this.#drawMasks(g, scene);
      if (scene.truth && (this.showsTruth || this.compares)) {
        paintOutline(g, this.#drawings, scene.truth, TRUTH, { ...LINE, dash: [3, 6] });
      }
      this.#drawPending(g, scene);
      if (this.ghost) paintOutline(g, this.#drawings, this.ghost, GHOST, { ...LINE, dash: [10, 8] });
      if (this.cursor !== undefined) drawCursor(g, cellPixels(g, scene.grid, this.cursor));
    }
    if (this.brush?.at) drawBrush(g, this.brush, this.brush.at);
  }

  #drawMasks(g: CanvasRenderingContext2D, scene: Scene): void {
    const { mask: layer, colour, id, truth } = scene;
    const drawings = this.#drawings;
    const fills = this.mode === 'fill' && this.heat === 'off';
    // Where a mask is compared with the truth, others would be in the way of its colours.
    const compared = this.compares && truth !== undefined;
    const others = compared ? [] : scene.others;
    for (const other of others) {
      if (fills) paintFill(g, drawings, other, this.opacity);
      paintOutline(g, drawings, other.layer, other.colour, LINE);
    }
    if (this.heat !== 'off') this.#drawHeat(g, scene);
    const active = layer && { layer, colour, id };
    if (active && this.brush && this.brush.stroke.length > 0) this.#drawStroke(g, active, this.brush);
    else if (active) {
      if (fills && compared) this.#drawCompared(g, active.layer, truth);
      else if (fills) paintFill(g, drawings, active, this.opacity);
      paintOutline(g, drawings, active.layer, colour, LINE);
    }
    if (others.length > 0) paintNumbers(g, drawings, active ? [active, ...others] : others, NUMBER);
  }

  #drawCompared(g: CanvasRenderingContext2D, mask: Layer, truth: Layer): void {
    g.save();
    g.globalAlpha = this.opacity;
    g.drawImage(this.#drawings.compared(mask, truth), ...boxOn(g, mask.place));
    g.restore();
  }

  /** The mask as it will be after the stroke, which is not worked into its pixels before it ends. */
  #drawStroke(g: CanvasRenderingContext2D, active: Coloured, { stroke, radius, erases }: Brush): void {
    const { width, height } = g.canvas;
    const path = new Path2D();
    stroke.forEach(({ x, y }, i) => (i === 0 ? path.moveTo(x * width, y * height) : path.lineTo(x * width, y * height)));
    // A single point is a dot.
    if (stroke.length === 1) path.lineTo(stroke[0]!.x * width, stroke[0]!.y * height + 0.01);
    const scratch = (this.#scratch ??= new OffscreenCanvas(width, height));
    // Another size, or the same: it is empty afterwards.
    Object.assign(scratch, { width, height });
    const s = scratch.getContext('2d')!;
    Object.assign(s, { lineCap: 'round', lineJoin: 'round', lineWidth: 2 * radius * width, strokeStyle: css(active.colour) });
    const strokeAs = (operation: GlobalCompositeOperation) => {
      s.globalCompositeOperation = operation;
      s.stroke(path);
      s.globalCompositeOperation = 'source-over';
    };
    paintFill(s, this.#drawings, active, 1);
    strokeAs(erases ? 'destination-out' : 'source-over');
    g.save();
    g.globalAlpha = this.opacity;
    g.drawImage(scratch, 0, 0);
    g.restore();
    s.clearRect(0, 0, width, height);
    paintOutline(s, this.#drawings, active.layer, active.colour, LINE);
    strokeAs('destination-out');
    g.drawImage(scratch, 0, 0);
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

/** Radius of the numbers of findings. */
const NUMBER = 11;
const GHOST: Colour = [255, 255, 255];

/** A corner of a cell whose token the user chose. */
function drawMark(g: CanvasRenderingContext2D, [x, y, w]: readonly number[]): void {
  const size = Math.max(8, w! / 4);
  g.save();
  g.fillStyle = css(TRUTH);
  g.beginPath();
  g.moveTo(x!, y!);
  g.lineTo(x! + size, y!);
  g.lineTo(x!, y! + size);
  g.fill();
  g.restore();
}

function drawCursor(g: CanvasRenderingContext2D, cell: ReturnType<typeof cellPixels>): void {
  twice(g, () => g.strokeRect(...cell));
}

function drawBrush(g: CanvasRenderingContext2D, { radius, erases }: Brush, { x, y }: Point): void {
  g.save();
  if (erases) g.setLineDash([6, 5]);
  g.beginPath();
  g.arc(x * g.canvas.width, y * g.canvas.height, Math.max(1.5, radius * g.canvas.width), 0, 2 * Math.PI);
  twice(g, () => g.stroke());
  g.restore();
}

/** White on a dark rim. */
function twice(g: CanvasRenderingContext2D, stroke: () => void): void {
  g.save();
  g.strokeStyle = 'rgb(0 0 0 / 0.7)';
  g.lineWidth = 5;
  stroke();
  g.strokeStyle = 'white';
  g.lineWidth = 2;
  stroke();
  g.restore();
}

function cellPixels(g: CanvasRenderingContext2D, { rows, columns, place }: Grid, cell: number) {
  const [left, top, across, down] = boxOn(g, place);
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
