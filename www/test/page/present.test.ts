import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canSegment, next, type State } from '../../src/page/state.ts';

const PRESENT = { type: 'present', maskPixels: 5, pixels: 50 } as const;

test('a run that was decoded elsewhere is shown like one that was decoded here, with or without a model', () => {
  for (const state of [{ name: 'idle' }, { name: 'ready' }] as State[]) {
    const shown = next(state, PRESENT);
    assert.deepEqual(shown, { name: 'done', maskPixels: 5, pixels: 50 });
    assert.ok(canSegment(shown));
  }
});

test('it is not shown over what is being decoded', () => {
  assert.throws(() => next({ name: 'decoding', token: 1, total: 4 }, PRESENT), /not possible/);
});
