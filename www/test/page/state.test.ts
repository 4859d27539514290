import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canSegment, describe, isBusy, next, progress, type Event, type State } from '../../src/page/state.ts';

function walk(...events: Event[]): State {
  return events.reduce(next, { name: 'probe' });
}

const LOADED: Event[] = [
  { type: 'probed' },
  { type: 'download', bytes: 0, total: 10 },
  { type: 'download', bytes: 10, total: 10 },
  { type: 'prepare', what: 'the CPU engine' },
  { type: 'prepared' },
];
const FAILED: Event = { type: 'fail', message: 'No.', remedy: 'Try.' };

test('a visit goes from probe to done', () => {
  const state = walk(
    ...LOADED,
    { type: 'encode' },
    { type: 'token', token: 0, total: 4 },
    { type: 'token', token: 4, total: 4 },
    { type: 'finish', maskPixels: 25, pixels: 100 },
  );
  assert.equal(state.name, 'done');
  assert.match(describe(state), /25\.0 % of the picture/);
  assert.ok(canSegment(state));
});

test('sampled masks follow a finished mask and lead back to it', () => {
  const done: Event[] = [
    ...LOADED,
    { type: 'encode' },
    { type: 'token', token: 4, total: 4 },
    { type: 'finish', maskPixels: 25, pixels: 100 },
  ];
  const half: Event[] = [...done, { type: 'sample', token: 0, total: 4 }, { type: 'sample', token: 2, total: 4 }];
  const sampling = walk(...half);
  assert.equal(progress(sampling), 0.5);
  assert.ok(isBusy(sampling) && !canSegment(sampling));
  assert.match(describe(sampling), /Sampling masks: 50 %/);
  assert.deepEqual(walk(...half, { type: 'sampled' }), walk(...done));
  assert.throws(() => walk(...LOADED, { type: 'sample', token: 0, total: 4 }), /not possible in state "ready"/);
});

test('Segment may be pressed before anything is loaded, but nothing is decoded without a model', () => {
  assert.ok(canSegment(walk({ type: 'probed' })));
  assert.throws(() => walk({ type: 'probed' }, { type: 'encode' }), /not possible in state "idle"/);
});

test('after a failed run Segment may be pressed again', () => {
  const state = walk(...LOADED, { type: 'encode' }, FAILED);
  assert.ok(canSegment(state));
  assert.equal(describe(state), 'No. Try.');
  assert.equal(next(state, { type: 'encode' }).name, 'encoding');
});

test('another picture leaves nothing of the one before on the status line, and what is under way goes on', () => {
  const opened = (modelLoaded: boolean): Event => ({ type: 'opened', modelLoaded });
  const done: Event[] = [
    ...LOADED,
    { type: 'encode' },
    { type: 'token', token: 4, total: 4 },
    { type: 'finish', maskPixels: 25, pixels: 100 },
  ];
  assert.deepEqual(walk(...done, opened(true)), { name: 'ready' });
  assert.deepEqual(walk({ type: 'probed' }, FAILED, opened(false)), { name: 'idle' });
  const decoding = walk(...done.slice(0, -1));
  assert.deepEqual(next(decoding, opened(true)), decoding);
});

test('a download cannot begin while a mask is being decoded', () => {
  const decoding = walk(...LOADED, { type: 'encode' }, { type: 'token', token: 1, total: 4 });
  assert.throws(() => next(decoding, { type: 'download', bytes: 0, total: 1 }), /not possible/);
});

test('a lost engine may be replaced in the middle of decoding', () => {
  const decoding = walk(...LOADED, { type: 'encode' }, { type: 'token', token: 1, total: 4 });
  assert.equal(next(decoding, { type: 'prepare', what: 'the CPU engine' }).name, 'preparing');
});

test('the status line changes at quarters only', () => {
  const lines = new Set<string>();
  for (let token = 0; token <= 196; token++) lines.add(describe({ name: 'decoding', token, total: 196 }));
  assert.deepEqual(
    [...lines].map((line) => line.match(/\d+ %/)?.[0]),
    ['0 %', '25 %', '50 %', '75 %', '100 %'],
  );
});

test('an empty mask is told as a result', () => {
  const line = describe({ name: 'done', maskPixels: 0, pixels: 100 });
  assert.match(line, /^Done\. The mask is empty/);
});

test('a tiny mask is never told as 0 %', () => {
  assert.match(describe({ name: 'done', maskPixels: 1, pixels: 1_000_000 }), /less than 0\.1 %/);
});

test('a stopped run says that the rest is pending, not background', () => {
  const line = describe({ name: 'stopped', token: 12, total: 64 });
  assert.match(line, /12 of 64 tokens.*not background/);
});

test('progress exists where there is something to count', () => {
  assert.equal(progress({ name: 'downloading', bytes: 5, total: 10 }), 0.5);
  assert.equal(progress({ name: 'stopped', token: 16, total: 64 }), 0.25);
  assert.equal(progress({ name: 'encoding' }), undefined);
  assert.ok(isBusy({ name: 'encoding' }));
});
