// The page's end of the engine worker: requests as promises, events as calls.

import type {
  Agreement,
  Answers,
  Decode,
  EngineKind,
  Outcome,
  PartialMask,
  Reading,
  Reply,
  Request,
  Signal,
  Speed,
  Started,
  Token,
} from './messages.ts';
import workerUrl from './worker.ts?worker&url';

/** The engine is gone: it panicked or lost its device. Only a new one helps. */
export class EngineGone extends Error {
  readonly cause: string;
  constructor(cause: string, message: string) {
    super(message);
    this.cause = cause;
  }
}

export interface SegmentEvents {
  started(started: Started, prefillMs: number): void;
  /** The tokens of one pass through the model. */
  tokens(tokens: Token[]): void;
  /** Must end with a call to `frameDrawn`, or no further mask comes. */
  mask(mask: PartialMask): void;
}

export interface SampleEvents {
  /** A token of every mask is drawn: `done` of `total`. */
  sampled(done: number, total: number): void;
}

interface Pending {
  resolve(value: never): void;
  reject(error: Error): void;
  events: Partial<SegmentEvents & SampleEvents> | undefined;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

export class EngineClient {
  readonly engine: EngineKind;
  /** Called once, when the engine is gone; requests under way are rejected first. */
  onGone: (error: EngineGone) => void = () => {};
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

  create(glue: string, wasm: Uint8Array): Promise<Answers['create']> {
    return this.#ask({ kind: 'create', glue, wasm });
  }

  load(manifest: Uint8Array, files: Map<string, Uint8Array>): Promise<Answers['load']> {
    return this.#ask({
      kind: 'load',
      manifest,
      names: [...files.keys()],
      contents: [...files.values()],
    });
  }

  measure(tokens: number): Promise<Speed> {
    return this.#ask({ kind: 'measure', tokens });
  }

  /** How a sentence is understood; answered between passes where a mask is being decoded. */
  read(text: string): Promise<Reading | undefined> {
    return this.#ask({ kind: 'read', text });
  }

  segment(
    image: Uint8Array,
    imageName: string,
    text: string,
    decode: Decode,
    events: SegmentEvents,
  ): Promise<Outcome> {
    return this.#ask({ kind: 'segment', image, imageName, text, decode }, events);
  }

  /** Masks by chance and what they have in common; undefined when stopped. */
  sample(
    image: Uint8Array,
    imageName: string,
    text: string,
    samples: number,
    events: SampleEvents,
  ): Promise<Agreement | undefined> {
    return this.#ask({ kind: 'sample', image, imageName, text, samples }, events);
  }

  stop(): void {
    this.#signal({ kind: 'stop' });
  }

  frameDrawn(): void {
    this.#signal({ kind: 'frame' });
  }

  /** Ends the worker and frees its memory. */
  dispose(): void {
    this.onGone = () => {};
    this.#end('disposed', 'the engine was switched off');
  }

  #ask<T extends never>(request: WithoutId<Request>, events?: Pending['events']): Promise<T> {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, events });
      this.#worker.postMessage({ ...request, id });
    });
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
    switch (reply.kind) {
      case 'answer':
        this.#pending.delete(reply.id);
        pending?.resolve(reply.value as never);
        break;
      case 'refused':
        this.#pending.delete(reply.id);
        pending?.reject(new Error(reply.message));
        break;
      case 'started':
        pending?.events?.started?.(reply.started, reply.prefillMs);
        break;
      case 'tokens':
        pending?.events?.tokens?.(reply.tokens);
        break;
      case 'mask':
        pending?.events?.mask?.(reply.mask);
        break;
      case 'sampled':
        pending?.events?.sampled?.(reply.done, reply.total);
        break;
    }
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
  const script = `import ${JSON.stringify(new URL(workerUrl, document.baseURI).href)};`;
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(url, { type: 'module', name: 'mriseg-engine' });
  // The worker has read the blob once it answers or fails; the URL may go then.
  const release = () => URL.revokeObjectURL(url);
  worker.addEventListener('message', release, { once: true });
  worker.addEventListener('error', release, { once: true });
  return worker;
}
