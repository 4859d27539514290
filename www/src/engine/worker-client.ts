// The page's end of a worker: requests as promises, and what comes before their answers.

import { EngineGone } from './gone.ts';

interface Pending<Progress> {
  resolve(value: never): void;
  reject(error: Error): void;
  hear: ((progress: Progress) => void) | undefined;
}

/** Fields of what workers say; which of them are there depends on the kind. */
interface Reply {
  kind: string;
  id: number;
  value: unknown;
  message: string;
  cause?: string;
  memory?: number;
}

export class WorkerClient<Requests extends object, Answers extends Record<keyof Requests, unknown>, Progress = never, Signal = never> {
  /** Called once, when the worker is gone; requests under way are rejected first. */
  onGone: (error: EngineGone) => void = () => {};
  /** Bytes of memory that it has taken, as of its last answer. */
  memory = 0;
  /** Why it can be asked nothing any more. */
  gone: EngineGone | undefined;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending<Progress>>();
  #lastId = 0;

  constructor(address: string, name: string) {
    this.#worker = startWorker(address, name);
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    this.#worker.onerror = ({ message }) => this.end('crash', message || 'the worker could not start');
  }

  /** Sends a request; `hear` is given what comes before the answer. */
  ask<K extends keyof Requests>(
    kind: K,
    request: Requests[K],
    hear?: (progress: Progress) => void,
    transfer: Transferable[] = [],
  ): Promise<Answers[K]> {
    if (this.gone) return Promise.reject(this.gone);
    const id = ++this.#lastId;
    return new Promise<Answers[K]>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, hear });
      this.#worker.postMessage({ ...request, kind, id }, transfer);
    });
  }

  /** Sends what is never answered. */
  signal(message: Signal): void {
    if (!this.gone) this.#worker.postMessage(message);
  }

  /** Ends the worker, frees its memory and rejects what is under way. */
  end(cause: string, message: string): void {
    if (this.gone) return;
    this.gone = new EngineGone(cause, message);
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(this.gone);
    this.#pending.clear();
    this.onGone(this.gone);
  }

  #receive(reply: Reply): void {
    if (reply.kind === 'fatal') return this.end(reply.cause ?? 'crash', reply.message);
    const pending = this.#pending.get(reply.id);
    const isAnswer = reply.kind === 'answer';
    if (!isAnswer && reply.kind !== 'refused') return pending?.hear?.(reply as Progress);
    this.#pending.delete(reply.id);
    this.memory = reply.memory ?? this.memory;
    if (isAnswer) pending?.resolve(reply.value as never);
    else pending?.reject(new Error(reply.message));
  }
}

/**
 * A worker that is under the page's content security policy. One started from a
 * plain URL would not be (a policy in a meta tag reaches only workers made from
 * blobs), and could then talk to other hosts.
 */
function startWorker(path: string, name: string): Worker {
  const address = JSON.stringify(new URL(path, document.baseURI).href);
  // Offline, Firefox gives a worker its dynamic imports only. What is asked meanwhile waits for the script's own handler.
  const script = `const early = [];
self.onmessage = (event) => early.push(event);
import(${address}).then(
  () => early.forEach((event) => self.onmessage(event)),
  (error) => setTimeout(() => { throw error; }),
);`;
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(url, { type: 'module', name });
  // The worker has read the blob once it answers or fails; the URL may go then.
  const release = () => URL.revokeObjectURL(url);
  worker.addEventListener('message', release, { once: true });
  worker.addEventListener('error', release, { once: true });
  return worker;
}
