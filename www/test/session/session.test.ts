import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeFinding, withRun, withoutFinding, EMPTY } from '../../src/session/document.ts';
import { Session } from '../../src/session/session.ts';
import type { Picture } from '../../src/picture/picture.ts';
import type { FinishedRun } from '../../src/session/run.ts';

const run = (prompt: string) => {
  const result = { mask: Uint8Array.of(0, 1, 1, 0), width: 2, height: 2 };
  return { prompt, tokens: [], frames: {}, outcome: { stopped: false, result } } as unknown as FinishedRun;
};
const picture = () => ({ bitmap: { close() {} } }) as unknown as Picture;

test('a new sentence is a new finding and hides the others; the same one takes its own place', () => {
  let document = withRun(EMPTY, run('left lung'));
  document = withRun(document, run('right lung'));
  assert.deepEqual(document.findings.map(({ id, visible }) => [id, visible]), [[1, false], [2, true]]);
  assert.equal(document.active, 2);
  const again = run(' left lung');
  document = withRun(document, again);
  assert.deepEqual(document.findings.map(({ id, visible }) => [id, visible]), [[1, true], [2, false]]);
  assert.equal(activeFinding(document)?.run, again);
  document = withoutFinding(document, 1);
  assert.equal(document.active, 2);
  assert.equal(withoutFinding(document, 2).active, undefined);
});

test('watchers hear of what they look at, and of nothing else', () => {
  const session = new Session();
  const heard: unknown[] = [];
  session.watch(({ step }) => step, (step) => heard.push(step));
  session.scrub(3);
  session.openTruth(new Uint8Array());
  session.scrub(3);
  session.scrub(undefined);
  assert.deepEqual(heard, [undefined, 3, undefined]);
});

test('another picture leaves nothing of the one before', () => {
  const session = new Session();
  session.open(picture());
  session.finish('left lung', run('left lung'));
  session.openTruth(new Uint8Array());
  session.scrub(1);
  session.open(picture());
  assert.deepEqual([session.run, session.step, session.truth, session.undoLabel], [undefined, undefined, undefined, undefined]);
});

test('undo goes back to the finding before, and what was learnt about a run that is gone changes nothing', () => {
  const session = new Session();
  const [first, second] = [run('left lung'), { ...run('left lung'), tokens: [{}] } as unknown as FinishedRun];
  session.finish('one', first);
  session.finish('two', second);
  assert.equal(session.undoLabel, 'two');
  session.undo();
  assert.equal(session.run?.tokens, first.tokens);
  session.learn(second, (known) => ({ ...known, prefillMs: 7 }));
  assert.equal(session.run?.tokens, first.tokens);
  assert.equal(session.run?.prefillMs, undefined);
  session.redo();
  assert.equal(session.run?.tokens, second.tokens);
});

test('a step of the past keeps its mask, small, and not what the engine gives anew', () => {
  const session = new Session();
  session.finish('one', run('left lung'));
  session.finish('two', run('right lung'));
  session.undo();
  assert.deepEqual([...session.run!.outcome!.result.mask], [0, 1, 1, 0]);
  assert.equal(session.run!.frames, undefined);
  assert.ok('get' in Object.getOwnPropertyDescriptor(session.run!.outcome!.result, 'mask')!);
});
