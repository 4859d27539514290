// The page's end of the engine worker.

import type { Answers, EngineCalls, EngineKind, Progress, Requests, Signal } from './messages.ts';
import { DISPOSED } from './gone.ts';
import { WorkerClient } from './worker-client.ts';
import workerUrl from './worker.ts?worker&url';

export class EngineClient extends WorkerClient<Requests, Answers, Progress, Signal> {
  readonly engine: EngineKind;
  /** The tokens that were inspected last: `attention` is about them, whoever asked. */
  inspected: Uint32Array | undefined;
  /** Bytes of memory that it had taken when the model was loaded and no picture read. */
  ownMemory = 0;

  constructor(engine: EngineKind) {
    super(workerUrl, 'mriseg-engine');
    this.engine = engine;
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
    this.signal({ kind: 'stop' });
  }

  /** One more pass of a paced decoding. */
  pass(): void {
    this.signal({ kind: 'pass' });
  }

  /** Whether a decoding waits for `pass` from now on. */
  pace(paced: boolean): void {
    this.signal({ kind: 'pace', paced });
  }

  frameDrawn(): void {
    this.signal({ kind: 'frame' });
  }

  /** Ends the worker and frees its memory. */
  dispose(): void {
    this.onGone = () => {};
    this.end(DISPOSED, 'the engine was switched off');
  }
}
