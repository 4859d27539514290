import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as history from '../../src/session/history.ts';

const labels = <T>({ past, present, future }: history.History<T>) =>
  [past, [present], future].map((entries) => entries.map(({ label }) => label).join());

test('what is undone can be done again, until something else is done', () => {
  let steps = history.begin(0);
  for (const value of [1, 2, 3]) steps = history.record(steps, `to ${value}`, value);
  steps = history.undo(history.undo(steps));
  assert.equal(steps.present.value, 1);
  assert.deepEqual(labels(steps), ['', 'to 1', 'to 2,to 3']);
  steps = history.redo(steps);
  assert.equal(steps.present.value, 2);
  steps = history.record(steps, 'to 9', 9);
  assert.deepEqual(labels(steps), [',to 1,to 2', 'to 9', '']);
  assert.equal(history.redo(steps), steps);
});

test('at the beginning there is nothing to undo', () => {
  const steps = history.begin('a');
  assert.equal(history.undo(steps), steps);
});

test('what becomes known is no step, and stays when others are undone', () => {
  let steps = history.record(history.begin({ n: 0, known: false }), 'one', { n: 1, known: false });
  steps = history.amend(steps, { n: 1, known: true });
  steps = history.record(steps, 'two', { n: 2, known: true });
  steps = history.undo(steps);
  assert.deepEqual(steps.present, { label: 'one', value: { n: 1, known: true } });
  assert.deepEqual(history.undo(steps).present.value, { n: 0, known: false });
});

test('a history has an end', () => {
  let steps = history.begin(0);
  for (let value = 1; value <= 250; value++) steps = history.record(steps, '', value);
  assert.equal(steps.past.length, 100);
  assert.equal(steps.past[0]!.value, 150);
});
