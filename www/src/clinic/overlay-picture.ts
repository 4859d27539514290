// The picture with its findings as a file.

import { Drawings } from '../draw/drawings.ts';
import { letter, paintFill, paintNumbers, paintOutline } from '../draw/paint.ts';
import { colourOf } from '../draw/palette.ts';
import { WHOLE } from '../picture/place.ts';
import type { Picture } from '../picture/picture.ts';
import { pixelsOf, type Finding } from '../session/document.ts';

/** The longer side of the file, in pixels: small pictures are enlarged to `least`, large ones made smaller to `most`. */
export interface Sides {
  least: number;
  most: number;
}

/** What every browser's canvas holds. */
const NATIVE: Sides = { least: 1, most: 4096 };
/** Longest side of the field that outlines are traced on. */
const OUTLINE_SIDE = 1024;

/**
 * At the picture's own size, or as near to it as the sides allow; the last finding is on top. `edges` name the left and
 * the right edge of the picture.
 */
export function overlayPicture(
  picture: Picture,
  findings: readonly Finding[],
  opacity: number,
  edges: readonly [string, string],
  { least, most } = NATIVE,
): Promise<Blob> {
  const longest = Math.max(picture.width, picture.height);
  const scale = Math.min(most, Math.max(least, longest)) / longest;
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
  const g = canvas.getContext('2d')!;
  g.imageSmoothingQuality = 'high';
  g.drawImage(picture.bitmap, 0, 0, canvas.width, canvas.height);
  const drawings = new Drawings(OUTLINE_SIDE);
  const unit = Math.max(canvas.width, canvas.height) / 1024;
  const masks = findings.map((finding) => {
    const { width, height } = finding.run.outcome.result;
    return { id: finding.id, colour: colourOf(finding.id), layer: { field: pixelsOf(finding), width, height, place: WHOLE, peak: 1 } as const };
  });
  for (const mask of masks) {
    if (opacity > 0) paintFill(g, drawings, mask, opacity);
    paintOutline(g, drawings, mask.layer, mask.colour, { width: Math.max(1, 2.5 * unit) });
  }
  if (masks.length > 1) paintNumbers(g, drawings, masks, Math.max(6, 13 * unit));
  paintEdges(g, edges, Math.max(9, 26 * unit));
  return canvas.convertToBlob();
}

/** A picture that leaves the page still says which side is which. */
function paintEdges(g: OffscreenCanvasRenderingContext2D, [left, right]: readonly [string, string], size: number): void {
  const { width, height } = g.canvas;
  g.save();
  letter(g, 700, size);
  g.lineJoin = 'round';
  g.lineWidth = size / 5;
  g.strokeStyle = 'rgb(0 0 0 / 0.8)';
  g.fillStyle = 'white';
  for (const [text, align, x] of [[left, 'left', size / 2], [right, 'right', width - size / 2]] as const) {
    g.textAlign = align;
    g.strokeText(text, x, height / 2);
    g.fillText(text, x, height / 2);
  }
  g.restore();
}
