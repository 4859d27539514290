import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, duration, sentence } from '../../src/page/format.ts';
import type { Outcome } from '../../src/engine/messages.ts';
import { decodeRle } from '../../src/draw/rle.ts';
import { readingLine } from '../../src/page/panels/reading.ts';
import { exportRun, lastResult, mean, stem, type Run } from '../../src/page/run.ts';
import { timingRows } from '../../src/page/timing.ts';

const OUTCOME: Outcome = {
  stopped: true,
  result: {
    width: 3,
    height: 2,
    mask: Uint8Array.of(0, 1, 0, 0, 1, 1),
    tokens: Uint32Array.of(7, 9),
    probabilities: Float32Array.of(0.5, 1),
    pending: 2,
    passes: 1,
    presence: 0.75,
  },
  partial: { width: 2, height: 2, probability: new Uint8Array(4), pending: Uint8Array.of(0, 0, 1, 1) },
  prefillMs: 100,
  decodeMs: 50,
};
const RUN: Run & { outcome: Outcome } = {
  imageName: 'a/p0.png',
  prompt: 'left lung',
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
    square: { x: 0, y: 0, side: 3 },
  },
  cells: [],
  outcome: OUTCOME,
  agreement: undefined,
};

test('the exported record has tokens, mask and how the run ended', () => {
  const record = exportRun(RUN);
  assert.deepEqual(record.tokens, [7, 9]);
  assert.deepEqual(record.decoding, { method: 'speculative', passes: 1, complete: false, pending_cells: 2 });
  assert.equal(record.presence, 0.75);
  assert.deepEqual(decodeRle(record.mask), OUTCOME.result.mask);
  assert.equal(record.mask.pixels, 3);
  assert.equal(record.read_as, 'left lung');
  assert.deepEqual(record.picture_notes, ['inverted grey values were turned back']);
  assert.deepEqual(JSON.parse(JSON.stringify(record)), record);
});

test('the last result is plain numbers, mask included', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(lastResult(OUTCOME))), {
    tokens: [7, 9],
    probabilities: [0.5, 1],
    width: 3,
    height: 2,
    mask: [0, 1, 0, 0, 1, 1],
  });
});

test('the mean of no probabilities is not NaN', () => {
  assert.equal(mean(new Float32Array(0)), 0);
  assert.equal(mean(Float32Array.of(0.5, 1)), 0.75);
});

test('downloads are named after the picture', () => {
  assert.equal(stem('a/p0.png'), 'p0');
  assert.equal(stem('C:\\scans\\x.y.jpeg'), 'x.y');
  assert.equal(stem('.png'), 'mask');
});

test('timing rows appear as soon as they are known', () => {
  assert.deepEqual(timingRows({}), []);
  const rows = timingRows({ prefillMs: 100, decode: { ms: 50, tokens: 2, passes: 1 } });
  assert.deepEqual(rows, [
    ['Encode and prefill', '100 ms'],
    ['Per token', '25 ms'],
    ['Passes', '1 for 2 tokens'],
    ['Whole mask', '150 ms'],
  ]);
});

test('a run without tokens has no time per token', () => {
  const rows = timingRows({ prefillMs: 1, decode: { ms: 0, tokens: 0, passes: 0 } });
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
