import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distance } from '../../src/learn/distribution.ts';
import { CHOICES, NO_SCORE, choices, scored, worthGuessing } from '../../src/learn/guessing.ts';
import { seeded, shuffled } from '../../src/learn/random.ts';

/** 256 codes of 4 x 4 pixels, each with the bits of its number in the first eight, doubled below. */
const CODEBOOK = {
  codes: 256,
  patch: 4,
  pixels: Uint8Array.from({ length: 256 * 16 }, (_, i) => ((i >> 4) >> ((i & 15) % 8)) & 1 ? 255 : 0),
};
const P = Float32Array.from({ length: 256 }, (_, code) => (code === 3 ? 0.5 : code === 12 ? 0.3 : code === 48 ? 0.1 : 0.1 / 253));

test('chance is the same for the same seed and another for another', () => {
  const draw = (seed: number) => Array.from({ length: 4 }, seeded(seed));
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.ok(draw(9).every((value) => value >= 0 && value < 1));
});

test('shuffling loses nothing, leaves its argument alone and reaches every order', () => {
  const things = [1, 2, 3];
  const orders = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const order = shuffled(things, seeded(seed));
    assert.deepEqual([...order].sort(), things);
    orders.add(order.join());
  }
  assert.equal(orders.size, 6);
  assert.deepEqual(things, [1, 2, 3]);
});

test('there are five different patches to choose from: the right one, the probable ones, and others', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const codes = choices(CODEBOOK, P, 3, seed);
    assert.equal(new Set(codes).size, CHOICES);
    for (const code of [3, 12, 48]) assert.ok(codes.includes(code), `${code} of ${codes}`);
    for (const a of codes) for (const b of codes) assert.ok(a === b || distance(CODEBOOK, a, b) > 0);
    assert.deepEqual(choices(CODEBOOK, P, 3, seed), codes);
  }
});

test('a right patch that the model finds improbable is there, beside what it finds probable', () => {
  const codes = choices(CODEBOOK, P, 200, 5);
  for (const code of [200, 3, 12, 48]) assert.ok(codes.includes(code), `${code} of ${codes}`);
});

test('the right patch is not always in the same place', () => {
  const places = new Set(Array.from({ length: 40 }, (_, seed) => choices(CODEBOOK, P, 3, seed).indexOf(3)));
  assert.equal(places.size, CHOICES);
});

test('the tokens to guess are those that the model is unsure of', () => {
  const sure = [0.97, 0.01, 0.01, 0.01];
  const unsure = [0.25, 0.25, 0.25, 0.25];
  const rows = Array.from({ length: 10 }, (_, i) => (i === 4 || i === 7 ? unsure : sure));
  const inspection = { codes: 4, rows: 10, probabilities: Float32Array.from(rows.flat()), words: [], layers: 1, heads: 1, cells: 10 };
  const picked = new Set(Array.from({ length: 30 }, (_, seed) => worthGuessing(inspection, 10, seed)));
  assert.deepEqual([...picked].sort(), [4, 7]);
});

test('the score counts your hits, and what the model would get by drawing', () => {
  const twice = scored(scored(NO_SCORE, true, 0.5), false, 0.25);
  assert.deepEqual(twice, { rounds: 2, yours: 1, model: 0.75 });
});
