import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Picture } from '../../src/picture/picture.ts';
import {
  EMPTY,
  idFor,
  pixelsOf,
  withActive,
  withCorrection,
  withRun,
  withVisible,
  withoutFinding,
} from '../../src/session/document.ts';
import type { FinishedRun } from '../../src/session/run.ts';
import { sceneNow } from '../../src/session/scene.ts';
import { Session } from '../../src/session/session.ts';

const PICTURE = { name: 'p.png', width: 2, height: 2, bitmap: { close() {} } } as unknown as Picture;

function run(prompt: string, ...mask: number[]): FinishedRun {
  return {
    picture: PICTURE,
    prompt,
    words: 'viewer',
    asked: prompt,
    own: undefined,
    started: { rows: 1, columns: 1, total: 1, square: { x: 0, y: 0, side: 2 }, notes: [], readAs: null, hint: null },
    tokens: [{ index: 0, row: 0, column: 0, token: 3, probability: 1, given: false }],
    passes: [],
    edits: [],
    outcome: { stopped: false, decodeMs: 1, result: { width: 2, height: 2, mask: Uint8Array.from(mask), pending: 0, passes: 1, presence: null } },
  } as unknown as FinishedRun;
}
const LEFT = run('left', 1, 0, 0, 0);
const RIGHT = run('right', 0, 1, 0, 0);

test('a sentence keeps its number, another one gets the next', () => {
  const document = withRun(withRun(EMPTY, LEFT), RIGHT);
  assert.deepEqual(document.findings.map(({ id, visible }) => [id, visible]), [[1, false], [2, true]]);
  assert.equal(document.active, 2);
  assert.deepEqual([idFor(document, { prompt: ' left ', words: 'viewer' }), idFor(document, { prompt: 'third', words: 'viewer' })], [1, 3]);
  assert.deepEqual(withRun(document, LEFT).findings.length, 2);
});

test('all visible findings are drawn, the active one on top of the others', () => {
  const document = withVisible(withRun(withRun(EMPTY, LEFT), RIGHT), 1, true);
  const shown = { run: RIGHT, live: undefined, step: undefined, truth: undefined, document };
  const scene = sceneNow(shown)!;
  assert.equal(scene.mask?.field, RIGHT.outcome.result.mask);
  assert.deepEqual(scene.others.map(({ id, layer }) => [id, layer.field]), [[1, LEFT.outcome.result.mask]]);
  assert.notDeepEqual(scene.colour, scene.others[0]!.colour);
  assert.equal(sceneNow({ ...shown, document: withVisible(document, 2, false) })!.mask, undefined);
});

test('a corrected mask is drawn as it was corrected, and is the same array at every redraw', () => {
  const hand = Uint8Array.of(1, 1, 1, 0);
  const document = withCorrection(withRun(EMPTY, LEFT), 1, hand, 2, 2);
  const shown = { run: LEFT, live: undefined, step: undefined, truth: undefined, document };
  assert.deepEqual([...sceneNow(shown)!.mask!.field], [...hand]);
  assert.equal(sceneNow(shown)!.mask!.field, sceneNow(shown)!.mask!.field);
  for (let i = 0; i < 20; i++) withCorrection(document, 1, Uint8Array.of(0, 0, 0, 1), 2, 2);
  assert.deepEqual([...pixelsOf(document.findings[0]!)], [...hand]);
});

test('what is being decoded is drawn alone, in the colour that it will have', () => {
  const document = withRun(withRun(EMPTY, LEFT), RIGHT);
  const { outcome, ...begun } = run('third', 0, 0, 0, 0);
  const scene = sceneNow({ run: begun, live: begun, step: undefined, truth: undefined, document })!;
  assert.deepEqual([scene.id, scene.others.length], [3, 0]);
});

test('a ground truth that was opened counts before that of the gallery', () => {
  const truth = Uint8Array.of(0, 0, 0, 1);
  const known = { ...LEFT, truth: Uint8Array.of(1, 1, 1, 1) };
  const shown = { run: known, live: undefined, step: undefined, document: withRun(EMPTY, known) };
  assert.equal(sceneNow({ ...shown, truth })!.truth?.field, truth);
  assert.equal(sceneNow({ ...shown, truth: undefined })!.truth?.field, known.truth);
});

test('deleting and strokes are steps of one history, and undoing them brings the finding back', () => {
  const session = new Session();
  session.open(PICTURE);
  session.finish('left', LEFT);
  session.finish('right', RIGHT);
  session.record('brush stroke', withCorrection(session.document, 2, Uint8Array.of(1, 1, 1, 1), 2, 2));
  session.record('right deleted', withoutFinding(session.document, 2));
  assert.equal(session.active?.run.prompt, 'left');
  assert.equal(session.undoLabel, 'right deleted');
  session.undo();
  assert.deepEqual([session.active?.run.prompt, session.undoLabel, session.redoLabel], ['right', 'brush stroke', 'right deleted']);
  assert.deepEqual([...pixelsOf(session.active!)], [1, 1, 1, 1]);
  session.undo();
  assert.deepEqual([...pixelsOf(session.active!)], [0, 1, 0, 0]);
  session.redo();
  assert.deepEqual([...pixelsOf(session.active!)], [1, 1, 1, 1]);
  session.show(withActive(session.document, 1));
  assert.equal(session.undoLabel, 'brush stroke');
});
