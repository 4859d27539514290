// The page's end of the engine worker: requests as promises, progress as calls.

import type { Answers, EngineCalls, EngineKind, Progress, Reply, Requests, Signal } from './messages.ts';
import { DISPOSED, EngineGone } from './gone.ts';
import workerUrl from './worker.ts?worker&url';

interface Pending {
  resolve(value: never): void;
  reject(error: Error): void;
  onProgress: ((progress: Progress) => void) | undefined;
}

export class EngineClient {
  readonly engine: EngineKind;
  /** Called once, when the engine is gone; requests under way are rejected first. */
  onGone: (error: EngineGone) => void = () => {};
  /** The tokens that were inspected last: `attention` is about them, whoever asked. */
  inspected: Uint32Array | undefined;
  /** Bytes of memory that it has taken, as of its last answer. */
  memory = 0;
  /** The same when the model was loaded and no picture read. */
  ownMemory = 0;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #gone: EngineGone | undefined;

  constructor(engine: EngineKind) {
    this.engine = engine;
    this.#worker = startWorker();
    this.#worker.onmessage = (event: MessageEvent<Reply>) => this.#receive(event.data);
    this.#worker.onerror = (event) => this.#end('crash', event.message || 'the worker could not start');
  }

  /** Sends a request; `onProgress` hears what comes before the answer. */
  ask<K extends keyof Requests>(kind: K, request: Requests[K], onProgress?: Pending['onProgress']): Promise<Answers[K]> {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = ++this.#lastId;
    return new Promise<Answers[K]>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress });
      this.#worker.postMessage({ ...request, kind, id });
    });
  }

  /** One of the engine's own methods. */
  call<M extends keyof EngineCalls>(
    method: M,
    ...given: Parameters<EngineCalls[M]>
  ): Promise<Awaited<ReturnType<EngineCalls[M]>>> {
    if (method === 'inspect') this.inspected = given[3] as Uint32Array;
    return this.ask('call', { method, given }) as Promise<Awaited<ReturnType<EngineCalls[M]>>>;
  }

  stop(): void {
    this.#signal({ kind: 'stop' });
  }

  /** One more pass of a paced decoding. */
  pass(): void {
    this.#signal({ kind: 'pass' });
  }

  /** Whether a decoding waits for `pass` from now on. */
  pace(paced: boolean): void {
    this.#signal({ kind: 'pace', paced });
  }

  frameDrawn(): void {
    this.#signal({ kind: 'frame' });
  }

  /** Ends the worker and frees its memory. */
  dispose(): void {
    this.onGone = () => {};
    this.#end(DISPOSED, 'the engine was switched off');
  }

  #signal(signal: Signal): void {
    if (!this.#gone) this.#worker.postMessage(signal);
  }

  #receive(reply: Reply): void {
    if (reply.kind === 'fatal') {
      this.#end(reply.cause, reply.message);
      return;
    }
    const pending = this.#pending.get(reply.id);
    if (reply.kind !== 'answer' && reply.kind !== 'refused') {
      pending?.onProgress?.(reply);
      return;
    }
    this.#pending.delete(reply.id);
    if (reply.kind === 'answer') this.memory = reply.memory;
    if (reply.kind === 'answer') pending?.resolve(reply.value as never);
    else pending?.reject(new Error(reply.message));
  }

  #end(cause: string, message: string): void {
    if (this.#gone) return;
    this.#gone = new EngineGone(cause, message);
    this.#worker.terminate();
    for (const pending of this.#pending.values()) pending.reject(this.#gone);
    this.#pending.clear();
    this.onGone(this.#gone);
  }
}

/**
 * A worker that is under the page's content security policy. One started from a
 * plain URL would not be (a policy in a meta tag reaches only workers made from
 * blobs), and could then talk to other hosts.
 */
function startWorker(): Worker {
  const address = JSON.stringify(new URL(workerUrl, document.baseURI).href);
  // Offline, Firefox gives a worker its dynamic imports only. What is asked meanwhile waits for the script's own handler.
  const script = `const early = [];
self.onmessage = (event) => early.push(event);
import(${address}).then(
  () => early.forEach((event) => self.onmessage(event)),
  (error) => setTimeout(() => { throw error; }),
);`;
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(url, { type: 'module', name: 'mriseg-engine' });
  // The worker has read the blob once it answers or fails; the URL may go then.
  const release = () => URL.revokeObjectURL(url);
  worker.addEventListener('message', release, { once: true });
  worker.addEventListener('error', release, { once: true });
  return worker;
}
