import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIT, clampZoom, fineness, largestScale, offset, panBy, pinch, zoomAt, type Sizes, type Zoom } from '../../src/draw/zoom.ts';

const SIZES: Sizes = { stage: { width: 800, height: 400 }, frame: { width: 400, height: 400 } };
const LARGEST = 10;

/** Where a point of the picture lies, in CSS pixels from the middle of the stage. */
function onStage(zoom: Zoom, share: { x: number; y: number }) {
  const { x, y } = offset(zoom, SIZES);
  const { width, height } = SIZES.frame;
  return { x: x + zoom.scale * width * (share.x - 0.5), y: y + zoom.scale * height * (share.y - 0.5) };
}

function close(a: { x: number; y: number }, b: { x: number; y: number }): void {
  assert.ok(Math.hypot(a.x - b.x, a.y - b.y) < 1e-9, `${JSON.stringify(a)} is not ${JSON.stringify(b)}`);
}

test('what lies under the pointer stays there while it is zoomed', () => {
  const zoom: Zoom = { scale: 4, middle: { x: 0.5, y: 0.5 } };
  const share = { x: 0.6, y: 0.45 };
  const at = onStage(zoom, share);
  for (const factor of [1.5, 0.8]) close(onStage(zoomAt(zoom, factor, at, SIZES, LARGEST), share), at);
});

test('zooming out ends at the whole picture, in the middle; zooming in ends at the largest scale', () => {
  const zoom: Zoom = { scale: 2, middle: { x: 0.7, y: 0.7 } };
  assert.deepEqual(zoomAt(zoom, 0.01, { x: 90, y: 0 }, SIZES, LARGEST), FIT);
  assert.equal(zoomAt(zoom, 1000, { x: 0, y: 0 }, SIZES, LARGEST).scale, LARGEST);
});

test('a picture that is narrower than the stage stays in its middle, a wider one leaves no gap', () => {
  const narrow = clampZoom({ scale: 1.5, middle: { x: 0.1, y: 0.1 } }, SIZES, LARGEST);
  assert.equal(narrow.middle.x, 0.5);
  // 600 pixels high in 400: the upper edge of the picture is at the upper edge of the stage.
  close({ x: 0, y: onStage(narrow, { x: 0.5, y: 0 }).y }, { x: 0, y: -200 });
});

test('the picture follows the pointer until it would leave a gap', () => {
  const zoom: Zoom = { scale: 4, middle: { x: 0.5, y: 0.5 } };
  const share = { x: 0.5, y: 0.5 };
  close(onStage(panBy(zoom, { x: 30, y: -50 }, SIZES, LARGEST), share), { x: 30, y: -50 });
  assert.equal(onStage(panBy(zoom, { x: 9999, y: 0 }, SIZES, LARGEST), { x: 0, y: 0.5 }).x, -400);
});

test('two fingers that spread to twice their distance zoom by two, around the point between them', () => {
  const { factor, at, by } = pinch([{ x: -10, y: 0 }, { x: 10, y: 0 }], [{ x: -15, y: 4 }, { x: 25, y: 4 }]);
  assert.deepEqual({ factor, at, by }, { factor: 2, at: { x: 5, y: 4 }, by: { x: 5, y: 4 } });
});

test('a large picture can be zoomed to its pixels, a small one to eight times', () => {
  assert.equal(largestScale(4000, SIZES), 160);
  assert.equal(largestScale(100, SIZES), 8);
});

test('the canvas is as fine as it is zoomed, and single pixels are seen as squares', () => {
  assert.deepEqual(fineness(3000, 600, 1), { longest: 1024, pixelated: false });
  assert.deepEqual(fineness(3000, 1500, 1), { longest: 2048, pixelated: false });
  assert.deepEqual(fineness(3000, 1500, 2), { longest: 3000, pixelated: false });
  assert.deepEqual(fineness(256, 600, 1), { longest: 768, pixelated: false });
  assert.deepEqual(fineness(256, 1200, 1), { longest: 256, pixelated: true });
});
