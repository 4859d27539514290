import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverage, tellingCells } from '../../src/lesson/cells.ts';
import { points } from '../../src/lesson/chart.ts';
import { accuracyByRow, compareTokens, draftsOf, meanByRow, probabilitiesOf, shareEqual } from '../../src/lesson/compare.ts';

test('two lists of tokens part at the first index in which they differ', () => {
  assert.deepEqual(compareTokens([5, 5, 7, 1], [5, 5, 8, 1]), { parting: 2, common: 4, equal: 3 });
  assert.equal(shareEqual(compareTokens([5, 5, 7, 1], [5, 5, 8, 1])), 0.75);
});

test('lists of different lengths are compared as far as both go, and equal ones do not part', () => {
  assert.deepEqual(compareTokens([1, 2], [1, 2, 3]), { parting: undefined, common: 2, equal: 2 });
  assert.equal(shareEqual(compareTokens([], [1])), 1);
});

test('accuracy is a share per row of cells, also of a last row that is not full', () => {
  assert.deepEqual(accuracyByRow([1, 2, 3, 4, 5], [1, 0, 3, 4, 0], 2), [0.5, 1, 0]);
  assert.deepEqual(meanByRow([1, 3, 5], 2), [2, 5]);
});

test('the probability of the true token is read from its own row', () => {
  const rows = [0.1, 0.9, 0.6, 0.4, 0.3, 0.7];
  assert.deepEqual(probabilitiesOf([1, 0, 1], rows, 2), [0.9, 0.6, 0.7]);
  // The last row may be of a token that is still to come.
  assert.deepEqual(probabilitiesOf([0, 0], rows, 2), [0.1, 0.6]);
});

test('a draft counts as accepted up to the first token that it got wrong', () => {
  const passes = [
    { from: 0, count: 1, drafts: [] },
    { from: 1, count: 3, drafts: [4, 4, 9] },
    { from: 4, count: 1, drafts: [0, 6] },
  ];
  assert.deepEqual(draftsOf(passes, [4, 4, 4, 5, 6]), { passes: 3, proposed: 5, accepted: 2 });
});

test('the share of a cell is counted in its own pixels, and cells beyond the picture are empty there', () => {
  const mask = Uint8Array.of(1, 1, 0, 0, 1, 1, 0, 1);
  assert.deepEqual(coverage(mask, 4, 2, started(1, 2, { x: 0, y: -1, side: 4 })), [0.5, 0.125]);
});

test('a lesson is told with an edge, a full and an empty cell; an empty mask has none', () => {
  assert.deepEqual(tellingCells([0, 0.4, 1, 1]), { edge: 1, inside: 2, outside: 0 });
  assert.equal(tellingCells([0, 0, 0]), undefined);
  assert.equal(tellingCells([]), undefined);
});

test('a chart spreads its values over its width, 1 above 0', () => {
  assert.equal(points([1, 0]), '186.0,12.0 482.0,160.0'.replace('186.0', '186.0'));
});

function started(rows: number, columns: number, square: { x: number; y: number; side: number }) {
  return { rows, columns, total: rows * columns, readAs: null, hint: null, notes: [], square };
}
