import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftsOf, passOf } from '../../src/learn/drafts.ts';
import { reading, sharesOf, strengths } from '../../src/learn/heads.ts';
import { GAP, lineOf, slotAt } from '../../src/learn/line.ts';
import type { Run } from '../../src/session/run.ts';

test('the line has a slot for everything, with gaps between the parts', () => {
  const line = lineOf(3, 4, 5);
  assert.deepEqual(line.stretches, [
    { part: 'words', from: 0, to: 3 },
    { part: 'cells', from: 3 + GAP, to: 7 + GAP },
    { part: 'mask', from: 7 + 2 * GAP, to: 12 + 2 * GAP },
  ]);
  assert.equal(line.length, 12 + 2 * GAP);
});

test('a sentence without words leaves no gap behind', () => {
  assert.deepEqual(lineOf(0, 4, 5).stretches.map(({ from }) => from), [0, 4 + GAP]);
});

test('a point of the line is the slot below it, or the nearest beside a gap', () => {
  const line = lineOf(3, 4, 5);
  const at = (slot: number) => slotAt(line, slot / line.length);
  assert.deepEqual(at(0), { part: 'words', index: 0 });
  assert.deepEqual(at(2.5), { part: 'words', index: 2 });
  assert.deepEqual(at(3.4), { part: 'words', index: 2 });
  assert.deepEqual(at(3 + GAP - 0.4), { part: 'cells', index: 0 });
  assert.deepEqual(at(line.length), { part: 'mask', index: 4 });
  assert.deepEqual(slotAt(line, 2), { part: 'mask', index: 4 });
  assert.equal(slotAt(lineOf(0, 0, 0), 0.5), undefined);
});

const ATTENTION = {
  layers: 2,
  heads: 2,
  words: 1,
  cells: 2,
  mask: 1,
  // Layer by layer, head by head.
  weights: Float32Array.of(0.5, 0.25, 0.25, 0, 0, 0.5, 0.5, 0, 1, 0, 0, 0, 0.25, 0, 0, 0.25),
  lensCodes: Uint32Array.of(0, 0),
  lensProbabilities: Float32Array.of(0, 0),
};

test('attention is that of a head, or the mean of those of a block or of all', () => {
  const told = (where: object) => Object.values(reading(ATTENTION, where)).map((part) => [...part]);
  assert.deepEqual(told({ layer: 0, head: 1 }), [[0], [0.5, 0.5], [0]]);
  assert.deepEqual(told({ layer: 0 }), [[0.25], [0.375, 0.375], [0]]);
  assert.deepEqual(told({}), [[0.4375], [0.1875, 0.1875], [0.0625]]);
});

test('what goes to no word, cell or token goes to the padding', () => {
  const shares = sharesOf(reading(ATTENTION, { layer: 1, head: 1 }));
  assert.deepEqual(shares, { words: 0.25, picture: 0, mask: 0.25, padding: 0.5 });
});

test('strengths are those above the least, and what is read evenly stays dark', () => {
  assert.deepEqual([...strengths(Float32Array.of(0.2, 0.2))], [0, 0]);
  const [least, middle, most] = strengths(Float32Array.of(0, 0.1, 0.4));
  assert.equal(least, 0);
  assert.equal(most, 1);
  assert.ok(middle! > 0.25 && middle! < 0.5);
  assert.deepEqual([...strengths(new Float32Array(2))], [0, 0]);
});

const RUN = {
  tokens: [5, 5, 6, 7].map((token, index) => ({ token, index })),
  passes: [
    { from: 0, count: 1, drafts: new Uint32Array(), draftedBy: null },
    { from: 1, count: 2, drafts: Uint32Array.of(5, 9, 7), draftedBy: 'heads' },
    { from: 3, count: 1, drafts: Uint32Array.of(7), draftedBy: 'heads' },
  ],
} as unknown as Run;

test('a token is found in its pass', () => {
  assert.deepEqual([0, 1, 2, 3, 4].map((index) => passOf(RUN, index)?.number), [1, 2, 2, 3, undefined]);
});

test('drafts are accepted up to the first that is not what the model picked', () => {
  // The third would be right, but it was proposed behind a wrong one.
  assert.deepEqual(draftsOf(RUN, RUN.passes[1]!), [
    { code: 5, index: 1, accepted: true },
    { code: 9, index: 2, accepted: false },
    { code: 7, index: 3, accepted: false },
  ]);
});
