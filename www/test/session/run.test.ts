import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRle } from '../draw/decode-rle.ts';
import type { Outcome, Token } from '../../src/engine/messages.ts';
import { exportFinding, lastResult, stem } from '../../src/clinic/record.ts';
import { bytes, duration, sentence } from '../../src/ui/format.ts';
import { readingLine } from '../../src/ui/format.ts';
import { packMask } from '../../src/session/mask.ts';
import { finished, mean, withPass, type FinishedRun, type Run } from '../../src/session/run.ts';
import { sceneOf } from '../../src/session/scene.ts';
import { timingRows } from '../../src/page/timing.ts';

const OUTCOME: Outcome = {
  stopped: true,
  result: { width: 3, height: 2, mask: Uint8Array.of(0, 1, 0, 0, 1, 1), pending: 2, passes: 1, presence: 0.75 },
  decodeMs: 50,
};
const TOKENS: Token[] = [
  { index: 0, row: 1, column: 0, token: 7, probability: 0.5, given: false },
  { index: 1, row: 0, column: 1, token: 9, probability: 1, given: false },
];
const BEGUN: Run = {
  picture: {
    name: 'a/p0.png',
    bytes: new Uint8Array(),
    bitmap: { width: 3, height: 2 } as ImageBitmap,
    width: 3,
    height: 2,
    kind: 'xray',
    study: undefined,
    frame: 0,
    spacing: undefined,
    notes: [],
  },
  prompt: 'left lung',
  words: 'viewer',
  asked: 'left lung',
  own: undefined,
  model: { id: 'phantom', name: 'phantom', manifestHash: undefined, sideConvention: 'viewer' },
  engine: 'cpu',
  decode: 'speculative',
  started: {
    rows: 2,
    columns: 2,
    total: 4,
    readAs: 'left lung',
    hint: null,
    notes: ['inverted grey values were turned back'],
    square: { x: 0, y: -0.5, side: 3 },
  },
  prefillMs: 100,
  tokens: [],
  passes: [],
  edits: [],
};
const PASS = { drafts: new Uint32Array(), draftedBy: null };
const DECODING = TOKENS.reduce((run, token) => withPass(run, { ...PASS, tokens: [token] }), BEGUN);
const RUN: FinishedRun = { ...DECODING, outcome: OUTCOME };

test('a run that has just begun has nothing but pending cells', () => {
  const { cells, grid, mask } = sceneOf(BEGUN);
  assert.deepEqual(cells, [undefined, undefined, undefined, undefined]);
  assert.deepEqual(grid, { rows: 2, columns: 2, place: { x: 0, y: -0.25, width: 1, height: 1.5 } });
  assert.equal(mask, undefined);
  assert.equal(finished(BEGUN), undefined);
});

test('a scene has the tokens in their cells, and the last pass as just written until the run is over', () => {
  assert.deepEqual(sceneOf(DECODING).cells, [undefined, TOKENS[1], TOKENS[0], undefined]);
  assert.equal(sceneOf(DECODING).freshFrom, 1);
  assert.equal(sceneOf(RUN).freshFrom, Infinity);
});

test('a scene has the partial mask where it lies, and the whole one over the picture', () => {
  const partial = { width: 2, height: 2, probability: Uint8Array.of(1, 2, 3, 4), pending: new Uint8Array(4) };
  for (const run of [{ ...DECODING, partial }, { ...RUN, partial }]) {
    const { mask, grid } = sceneOf(run);
    assert.deepEqual(mask, { field: partial.probability, width: 2, height: 2, place: grid.place, peak: 255 });
  }
  const complete = sceneOf({ ...RUN, partial, outcome: { ...OUTCOME, stopped: false }, truth: OUTCOME.result.mask });
  const whole = { field: OUTCOME.result.mask, width: 3, height: 2, place: { x: 0, y: 0, width: 1, height: 1 }, peak: 1 };
  assert.deepEqual([complete.mask, complete.truth], [whole, whole]);
});

test('a scene of an earlier moment has the first tokens and the mask that there was then', () => {
  const frames = { width: 1, height: 1, count: 3, frames: Uint8Array.of(0, 70, 140) };
  const { cells, mask, freshFrom } = sceneOf({ ...RUN, frames }, 1);
  assert.deepEqual(cells, [undefined, undefined, TOKENS[0], undefined]);
  assert.equal(freshFrom, 0);
  assert.deepEqual(mask!.field, Uint8Array.of(70));
  assert.deepEqual(sceneOf({ ...RUN, frames }, 2).cells, sceneOf(RUN).cells);
  assert.equal(sceneOf(RUN, 1).mask, undefined);
});

test('the exported record has tokens, mask and how the run ended', () => {
  const record = exportFinding({ id: 1, run: RUN, visible: true });
  assert.deepEqual(record.tokens, [7, 9]);
  assert.deepEqual(record.decoding, { method: 'speculative', passes: 1, complete: false, pending_cells: 2 });
  assert.equal(record.presence, 0.75);
  assert.deepEqual(decodeRle(record.mask), OUTCOME.result.mask);
  assert.equal(record.mask.pixels, 3);
  assert.equal(record.read_as, 'left lung');
  assert.deepEqual(record.picture_notes, ['inverted grey values were turned back']);
  assert.deepEqual([record.corrected_by_hand, record.model_mask], [false, null]);
  assert.deepEqual(JSON.parse(JSON.stringify(record)), record);
});

test('the exported record has both masks where one was corrected by hand', () => {
  const hand = Uint8Array.of(1, 1, 0, 0, 0, 0);
  const record = exportFinding({ id: 1, run: RUN, visible: true, corrected: packMask(hand, 3, 2) });
  assert.ok(record.corrected_by_hand);
  assert.deepEqual(decodeRle(record.mask), hand);
  assert.equal(record.mask.pixels, 2);
  assert.deepEqual(decodeRle(record.model_mask!), OUTCOME.result.mask);
});

test('the last result is plain numbers, mask included', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(lastResult(RUN))), {
    tokens: [7, 9],
    probabilities: [0.5, 1],
    width: 3,
    height: 2,
    mask: [0, 1, 0, 0, 1, 1],
  });
});

test('the mean of no probabilities is not NaN', () => {
  assert.equal(mean([]), 0);
  assert.equal(mean(Float32Array.of(0.5, 1)), 0.75);
});

test('downloads are named after the picture', () => {
  assert.equal(stem('a/p0.png'), 'p0');
  assert.equal(stem('C:\\scans\\x.y.jpeg'), 'x.y');
  assert.equal(stem('.png'), 'mask');
});

test('timing rows appear as soon as they are known', () => {
  assert.deepEqual(timingRows({}, undefined), []);
  assert.deepEqual(timingRows({ loadMs: 5 }, BEGUN), [
    ['Load weights', '5.0 ms'],
    ['Encode and prefill', '100 ms'],
  ]);
  assert.deepEqual(timingRows({}, RUN), [
    ['Encode and prefill', '100 ms'],
    ['Per token', '25 ms'],
    ['Passes', '1 for 2 tokens'],
    ['Whole mask', '150 ms'],
  ]);
});

test('a run without tokens has no time per token', () => {
  const rows = timingRows({}, { ...RUN, tokens: [] });
  assert.ok(!rows.some(([term]) => term === 'Per token'));
});

test('sizes and times are short to read', () => {
  assert.deepEqual([bytes(12), bytes(5_300), bytes(53_000), bytes(3_141_593)], ['12 B', '5.3 kB', '53 kB', '3.1 MB']);
  assert.deepEqual([duration(1.23), duration(123.4), duration(2345), duration(61_000)], ['1.2 ms', '123 ms', '2.35 s', '61.0 s']);
});

test('a phrase of the engine becomes a sentence', () => {
  assert.equal(sentence('a uniform frame was cut off'), 'A uniform frame was cut off.');
  assert.equal(sentence('«links» was not read: write left'), '«links» was not read: write left.');
  assert.equal(sentence('Is it so?'), 'Is it so?');
  assert.equal(sentence(''), '');
});

test('a reading is told in one line', () => {
  assert.equal(readingLine('findings: left lung, lower zone'), 'Read as findings: left lung, lower zone.');
  assert.equal(readingLine('both lungs themselves'), 'Read as both lungs themselves.');
  assert.match(readingLine('not understood'), /^Not understood/);
});
