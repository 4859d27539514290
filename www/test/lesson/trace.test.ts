import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { linkTo } from '../../src/lesson/links.ts';
import { runOf, traceOf } from '../../src/lesson/replay.ts';
import { framesOf, parseTrace, usedPatches, type Trace } from '../../src/lesson/trace.ts';
import type { Picture } from '../../src/picture/picture.ts';
import { tokenIds } from '../../src/session/run.ts';

/** 1 x 2 cells of 2 x 2 pixels: code 3 is full, code 7 has its left column. */
const TRACE: Trace = {
  format: 'mriseg-trace',
  version: 1,
  notice: '',
  picture: { width: 4, height: 2, example: 'a' },
  sentence: 'left lung',
  asked: 'left lung',
  read_as: null,
  model: { id: 'm', name: 'm', manifest_sha256: null, side_convention: 'viewer' },
  engine: 'cpu',
  decoding: 'speculative',
  grid: { rows: 1, columns: 2, square: { x: 0, y: -1, side: 4 } },
  codebook: usedPatches([7, 3], 2, codebook(8, { 3: [255, 255, 255, 255], 7: [200, 0, 200, 0] })),
  tokens: [3, 7],
  probabilities: [0.5, 0.25],
  edited: [1],
  passes: [{ count: 2, drafts: [3, 3], drafted_by: 'heads' }],
  times: { prefill_ms: 1, decode_ms: 2 },
  presence: 0.9,
  mask: [0, 3, 1, 3, 1],
};

function codebook(codes: number, patches: Record<number, number[]>): Uint8Array {
  const pixels = new Uint8Array(codes * 4);
  for (const [code, patch] of Object.entries(patches)) pixels.set(patch, Number(code) * 4);
  return pixels;
}

const picture = { name: 'a.png', bytes: Uint8Array.of(1, 2, 3), width: 4, height: 2 } as unknown as Picture;

test('a file keeps only the patches of codes that occur, in the order of the codes', () => {
  assert.deepEqual(TRACE.codebook.codes, [3, 7]);
  assert.deepEqual([...Buffer.from(TRACE.codebook.pixels, 'base64')], [255, 255, 255, 255, 200, 0, 200, 0]);
});

test('the mask after each token is made of the patches, cell by cell', () => {
  const { width, height, count, frames } = framesOf(TRACE);
  assert.deepEqual([width, height, count], [4, 2, 3]);
  const rows = [[0, 0, 0, 0, 0, 0, 0, 0], [255, 255, 0, 0, 255, 255, 0, 0], [255, 255, 200, 0, 255, 255, 200, 0]];
  assert.deepEqual([...frames], rows.flat());
});

test('a run that is played from a file and recorded again is the same file', () => {
  const run = runOf(TRACE, picture);
  assert.equal(run.engine, 'replay');
  assert.deepEqual([...tokenIds(run)], [3, 7]);
  assert.deepEqual([...run.outcome.result.mask], [1, 1, 1, 0, 1, 1, 1, 0]);
  const pixels = codebook(8, { 3: [255, 255, 255, 255], 7: [200, 0, 200, 0] });
  const again = traceOf({ ...run, engine: 'cpu' }, { codes: 8, patch: 2, pixels }, { example: 'a', includesPicture: false });
  assert.deepEqual({ ...again, notice: '' }, TRACE);
});

test('a recording has the bytes of a picture of the user only where that was asked for, and never its name', () => {
  const run = { ...runOf(TRACE, { ...picture, name: 'Doe^Jane.png' }), engine: 'cpu' as const };
  const book = { codes: 8, patch: 2, pixels: codebook(8, {}) };
  const without = traceOf(run, book, { example: undefined, includesPicture: false });
  assert.deepEqual(without.picture, { width: 4, height: 2 });
  const with_ = traceOf(run, book, { example: undefined, includesPicture: true });
  assert.deepEqual(with_.picture, { width: 4, height: 2, file: 'AQID' });
  // A gallery picture is named by its id, whatever was asked for.
  assert.deepEqual(traceOf(run, book, { example: 'a', includesPicture: true }).picture, { width: 4, height: 2, example: 'a' });
  assert.ok(!JSON.stringify([without, with_]).includes('Doe'));
});

test('a recording of a recording is refused', () => {
  const book = { codes: 8, patch: 2, pixels: codebook(8, {}) };
  assert.throws(() => traceOf(runOf(TRACE, picture), book, { example: 'a', includesPicture: false }), /recording already/);
});

const FAULTS: [part: string, change: Partial<Trace>][] = [
  ['picture', { picture: { width: 0, height: 2 } }],
  ['grid', { grid: { rows: 1, columns: 100_000, square: { x: 0, y: 0, side: 4 } } }],
  ['codebook', { codebook: { ...TRACE.codebook, pixels: 'AAAA' } }],
  ['codebook', { codebook: { ...TRACE.codebook, pixels: '%' } }],
  ['tokens', { tokens: [3, 4] }],
  ['tokens', { tokens: [3, 7, 7] }],
  ['probabilities', { probabilities: [0.5] }],
  ['probabilities', { probabilities: [0.5, 2] }],
  ['edited', { edited: [2] }],
  ['passes', { passes: [] }],
  ['mask', { mask: [0, 3] }],
  ['sentence', { sentence: 'x'.repeat(3000) }],
];

for (const [part, change] of FAULTS) {
  test(`a file whose "${part}" makes no sense is refused by that name: ${JSON.stringify(change).slice(0, 60)}`, () => {
    assert.throws(() => parseTrace(JSON.stringify({ ...TRACE, ...change }), 'x.json'), new RegExp(`x\\.json .*"${part}"`));
  });
}

test('what is no recording is refused with the reason', () => {
  assert.throws(() => parseTrace('<html>', 'x.json'), /x\.json cannot be replayed: it is no JSON/);
  assert.throws(() => parseTrace('null', 'x.json'), /format/);
  assert.throws(() => parseTrace(JSON.stringify({ ...TRACE, version: 2 }), 'x.json'), /version 2, this page reads version 1/);
});

test('the recordings that come with the page are sound, and listed with their sentences', () => {
  const folder = 'public/traces';
  const listing = JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')) as { file: string; example: string; sentence: string }[];
  assert.ok(listing.length >= 2);
  assert.equal(readdirSync(folder).length, listing.length + 1);
  for (const { file, example, sentence } of listing) {
    const trace = parseTrace(readFileSync(`${folder}/${file}`, 'utf8'), file);
    assert.deepEqual([trace.picture.example, trace.sentence], [example, sentence]);
    assert.equal(trace.tokens.length, trace.grid.rows * trace.grid.columns);
    assert.equal(trace.picture.file, undefined);
  }
});

const SHOWN = { example: 'a', sentence: ' left lung ', model: 'm', seed: 3, step: 9, tab: 'learn' };

test('a link says what is on screen', () => {
  assert.deepEqual(linkTo(SHOWN, false), { example: 'a', sentence: 'left lung', model: 'm', seed: 3, step: 9, tab: 'learn' });
  assert.deepEqual(linkTo({ ...SHOWN, tab: 'segment', seed: undefined, step: undefined }, false), { example: 'a', sentence: 'left lung', model: 'm' });
});

test('the sentence of an own picture is in a link only where the user copies it', () => {
  const own = { ...SHOWN, example: undefined };
  assert.deepEqual(linkTo(own, false), { model: 'm', tab: 'learn' });
  assert.deepEqual(linkTo(own, true), { sentence: 'left lung', model: 'm', tab: 'learn' });
});
