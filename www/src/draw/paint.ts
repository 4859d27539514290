// Painting masks on a canvas that lies over a picture: on the page and into a file.

import type { Drawings, Layer } from './drawings.ts';
import { css, type Colour } from './palette.ts';
import type { Box } from '../picture/place.ts';

export type Surface = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** A mask to be drawn in a colour of its own. */
export interface Coloured {
  layer: Layer;
  colour: Colour;
  /** The number of its finding. */
  id: number;
}

export interface Outlined {
  /** Pixels of the canvas. */
  width: number;
  /** Lengths of dashes and gaps; an unbroken line without. */
  dash?: readonly number[];
}

/** Makes the canvas as large as a picture with a longest side of so many pixels, and draws it. */
export function paintPicture(g: Surface, bitmap: ImageBitmap, longest: number): void {
  const scale = longest / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
  Object.assign(g.canvas, { width, height });
  g.imageSmoothingQuality = 'high';
  g.drawImage(bitmap, 0, 0, width, height);
}

/** A part of the picture in pixels of its canvas: left, top, width, height. */
export function boxOn({ canvas }: Surface, { x, y, width, height }: Box): [number, number, number, number] {
  return [x * canvas.width, y * canvas.height, width * canvas.width, height * canvas.height];
}

export function paintFill(g: Surface, drawings: Drawings, { layer, colour }: Coloured, opacity: number): void {
  g.save();
  g.globalAlpha = opacity;
  g.drawImage(drawings.fill(layer, colour), ...boxOn(g, layer.place));
  g.restore();
}

/** The outline, on a dark rim that sets it off from any ground. */
export function paintOutline(g: Surface, drawings: Drawings, layer: Layer, colour: Colour, { width, dash = [] }: Outlined): void {
  const { path } = drawings.outline(layer, g.canvas);
  g.save();
  g.lineCap = dash.length > 0 ? 'butt' : 'round';
  g.lineJoin = 'round';
  g.setLineDash([...dash]);
  g.strokeStyle = 'rgb(0 0 0 / 0.45)';
  g.lineWidth = 2 * width;
  g.stroke(path);
  g.strokeStyle = css(colour);
  g.lineWidth = width;
  g.stroke(path);
  g.restore();
}

/** Letters of some size around the points that they are drawn at. */
export function letter(g: Surface, weight: number, size: number): void {
  g.font = `${weight} ${size}px system-ui, sans-serif`;
  g.textAlign = 'center';
  g.textBaseline = 'middle';
}

/** The numbers of findings at the tops of their outlines, beside each other where those are the same. */
export function paintNumbers(g: Surface, drawings: Drawings, masks: readonly Coloured[], radius: number): void {
  const taken: [x: number, y: number][] = [];
  g.save();
  letter(g, 700, radius * 1.3);
  for (const { layer, colour, id } of masks) {
    const { top } = drawings.outline(layer, g.canvas);
    if (!top) continue;
    const y = Math.max(radius, top[1]);
    let [x] = top;
    while (taken.some(([u, v]) => Math.hypot(x - u, y - v) < 2.2 * radius)) x += 2.3 * radius;
    taken.push([x, y]);
    g.fillStyle = css(colour);
    g.beginPath();
    g.arc(x, y, radius, 0, 2 * Math.PI);
    g.fill();
    g.fillStyle = '#10161c';
    g.fillText(String(id), x, y + radius * 0.08);
  }
  g.restore();
}
