import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure } from '../../src/clinic/measure.ts';
import { packMask } from '../../src/session/mask.ts';

/** A mask drawn with signs: # is inside. */
function drawn(...rows: string[]) {
  const width = rows[0]!.length;
  return packMask(Uint8Array.from(rows.join(''), (sign) => (sign === '#' ? 1 : 0)), width, rows.length);
}

test('a rectangle has its area and its diagonal', () => {
  const mask = drawn('.....', '.###.', '.###.', '.###.', '.###.', '.....');
  const { pixels, share, area, parts, longest } = measure(mask, undefined);
  assert.deepEqual([pixels, share, area, parts], [12, 12 / 30, undefined, 1]);
  assert.equal(longest, 5);
});

test('a spacing makes pixels to millimetres, across and down each by its own', () => {
  const mask = drawn('###', '###');
  const { area, longest } = measure(mask, { x: 0.5, y: 2 });
  assert.equal(area, 6);
  assert.equal(longest, Math.hypot(1.5, 4));
});

test('parts that touch by a corner are one, and a row that ends where the next begins is not', () => {
  assert.equal(measure(drawn('#..', '.#.', '#..'), undefined).parts, 1);
  assert.equal(measure(drawn('..#', '#..'), undefined).parts, 2);
  assert.equal(measure(drawn('##.', '...', '###'), undefined).parts, 2);
});

test('arms that meet below are one part', () => {
  assert.equal(measure(drawn('#.#.#', '#.#.#', '#####'), undefined).parts, 1);
  assert.equal(measure(drawn('#####', '#...#', '#.#.#', '#...#', '#####'), undefined).parts, 2);
});

test('the longest diameter is that of the largest part', () => {
  assert.equal(measure(drawn('#........', '.........', '####.....', '####.....', '####.....'), undefined).longest, 5);
});

test('an empty mask has no parts', () => {
  assert.deepEqual(measure(drawn('...', '...'), { x: 1, y: 1 }), { pixels: 0, share: 0, area: 0, parts: 0, longest: 0 });
});

test('a mask that covers everything is one part', () => {
  assert.equal(measure(drawn('###', '###'), undefined).parts, 1);
});
