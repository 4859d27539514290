import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellAt, cellBeside, placeOf, shownAspect, type Grid, WHOLE } from '../../src/picture/place.ts';

/** 100 x 80 pixels with a frame of 10 around 80 x 60: padded above and below to a square of 80. */
const FRAMED: Grid = { rows: 8, columns: 8, place: placeOf({ x: 10, y: 0, side: 80 }, 100, 80) };
/** 200 x 100 pixels, padded by 50 above and below. */
const OBLONG: Grid = { rows: 8, columns: 8, place: placeOf({ x: 0, y: -50, side: 200 }, 200, 100) };

test('a square picture is covered by its cells', () => {
  assert.deepEqual(placeOf({ x: 0, y: 0, side: 64 }, 64, 64), WHOLE);
  const grid = { rows: 4, columns: 4, place: WHOLE };
  assert.equal(cellAt(grid, 0, 0), 0);
  assert.equal(cellAt(grid, 0.99, 0.99), 15);
  assert.equal(cellAt(grid, 1, 0.5), undefined);
});

test('a frame holds no cell', () => {
  assert.equal(cellAt(FRAMED, 0.05, 0.5), undefined);
  assert.equal(cellAt(FRAMED, 0.95, 0.5), undefined);
  assert.equal(cellAt(FRAMED, 0.101, 0), 0);
  assert.equal(cellAt(FRAMED, 0.5, 0.5), 4 * 8 + 4);
});

test('padding pushes cells out of the picture', () => {
  assert.equal(cellAt(OBLONG, 0, 0), 2 * 8);
  assert.equal(cellAt(OBLONG, 0.999, 0.999), 5 * 8 + 7);
  assert.equal(cellAt(OBLONG, 0.5, -0.2), undefined);
});

test('the keyboard begins in the middle and stays in the picture', () => {
  assert.equal(cellBeside(OBLONG, undefined, [0, -1]), 3 * 8 + 4);
  assert.equal(cellBeside(OBLONG, 2 * 8, [0, -1]), 2 * 8);
  assert.equal(cellBeside(OBLONG, 5 * 8 + 7, [1, 0]), 5 * 8 + 7);
  assert.equal(cellBeside(OBLONG, 5 * 8 + 7, [0, 1]), 5 * 8 + 7);
  assert.equal(cellBeside(FRAMED, 0, [-1, 0]), 0);
  assert.equal(cellBeside({ rows: 4, columns: 4, place: WHOLE }, 15, [1, 1]), 15);
});

test('a cell that is in the picture in part can be reached', () => {
  // 100 x 70 pixels: 15 of padding, of which a row of cells takes 12.5.
  const grid = { rows: 8, columns: 8, place: placeOf({ x: 0, y: -15, side: 100 }, 100, 70) };
  assert.equal(cellBeside(grid, 2 * 8, [0, -1]), 8);
  assert.equal(cellBeside(grid, 8, [0, -1]), 8);
});

test('a picture that is too narrow to be seen is widened, no other', () => {
  assert.equal(shownAspect({ width: 2, height: 4000 }), 1 / 50);
  assert.equal(shownAspect({ width: 4000, height: 2 }), 50);
  assert.equal(shownAspect({ width: 300, height: 200 }), 1.5);
});
