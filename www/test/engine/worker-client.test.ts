import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DISPOSED, EngineGone, isDisposed } from '../../src/engine/gone.ts';
import { WorkerClient } from '../../src/engine/worker-client.ts';

interface Requests {
  add: { a: number; b: number };
}
interface Answers {
  add: number;
}

/** A worker that says what the test has it say. */
class FakeWorker extends EventTarget {
  static last: FakeWorker;
  readonly asked: { id: number }[] = [];
  ended = false;
  onmessage: (event: { data: unknown }) => void = () => {};
  onerror: (event: { message: string }) => void = () => {};

  constructor() {
    super();
    FakeWorker.last = this;
  }

  postMessage(message: { id: number }): void {
    this.asked.push(message);
  }

  say(data: unknown): void {
    this.onmessage({ data });
  }

  terminate(): void {
    this.ended = true;
  }
}

Object.assign(globalThis, { Worker: FakeWorker, document: { baseURI: 'http://page.test/' } });

function begun() {
  const client = new WorkerClient<Requests, Answers, { kind: string }>('worker.js', 'test');
  const heard: string[] = [];
  const answer = client.ask('add', { a: 1, b: 2 }, ({ kind }) => heard.push(kind));
  return { client, heard, answer, worker: FakeWorker.last };
}

test('an answer comes to the one who asked, after what it heard before', async () => {
  const { client, heard, answer, worker } = begun();
  const other = client.ask('add', { a: 3, b: 4 });
  const [first, second] = worker.asked;
  worker.say({ id: second!.id, kind: 'answer', value: 7, memory: 10 });
  worker.say({ id: first!.id, kind: 'half' });
  worker.say({ id: first!.id, kind: 'answer', value: 3, memory: 20 });
  assert.deepEqual([await answer, await other, heard, client.memory], [3, 7, ['half'], 20]);
});

test('what is refused takes memory too, and the worker goes on', async () => {
  const { client, answer, worker } = begun();
  worker.say({ id: worker.asked[0]!.id, kind: 'refused', message: 'no', memory: 30 });
  await assert.rejects(answer, (error: Error) => error.message === 'no' && !(error instanceof EngineGone));
  assert.deepEqual([client.memory, client.gone, worker.ended], [30, undefined, false]);
});

test('one that the page ends and one that dies reject what is under way, each by its cause', async () => {
  const disposed = begun();
  disposed.client.end(DISPOSED, 'it was switched off');
  await assert.rejects(disposed.answer, isDisposed);
  await assert.rejects(disposed.client.ask('add', { a: 1, b: 1 }), isDisposed);
  assert.ok(disposed.worker.ended);
  const dead = begun();
  const told: string[] = [];
  dead.client.onGone = ({ cause }) => told.push(cause);
  dead.worker.say({ kind: 'fatal', cause: 'lost', message: 'the device was lost' });
  dead.worker.onerror({ message: 'late' });
  await assert.rejects(dead.answer, (error) => error instanceof EngineGone && !isDisposed(error));
  assert.deepEqual(told, ['lost']);
});
