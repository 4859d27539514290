// What the page and the engine's worker say to each other. The engine's own answers are generated from the Rust that
// makes them; `tsconfig.engine.json` checks that `Engine` agrees with what wasm-bindgen generated.

import type { Agreement, Decode, PartialMask, Reading, Segmentation, Started, Token } from './messages.generated.ts';

export type * from './messages.generated.ts';

export type EngineKind = 'cpu' | 'webgpu';

/** The class that wasm-bindgen exports, as far as the worker uses it. */
export interface Engine {
  load(manifest: Uint8Array, names: string[], contents: Uint8Array[]): Promise<void>;
  read(text: string): Reading | undefined;
  start(image: Uint8Array, imageName: string, text: string, decode: Decode): Promise<Started>;
  next(): Promise<Token[]>;
  partial(): Promise<PartialMask>;
  finish(): Promise<Segmentation>;
  startSampling(image: Uint8Array, imageName: string, text: string, samples: number, seed: number): Promise<number>;
  sample(): Promise<boolean>;
  agreement(): Promise<Agreement>;
}

export interface EngineModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  Engine: { create(onFatal: (kind: string, message: string) => void): Promise<Engine> };
}

export interface Speed {
  prefillMs: number;
  msPerToken: number;
}

/** How a decoding ended; its tokens came one pass after the other. */
export interface Outcome {
  stopped: boolean;
  result: Omit<Segmentation, 'tokens' | 'probabilities'>;
  decodeMs: number;
}

/** Page to worker. `id` comes back with every answer to the request. */
export type Request =
  | { id: number; kind: 'create'; glue: string; wasm: Uint8Array }
  | { id: number; kind: 'load'; manifest: Uint8Array; names: string[]; contents: Uint8Array[] }
  | { id: number; kind: 'measure'; tokens: number }
  | { id: number; kind: 'read'; text: string }
  | { id: number; kind: 'segment'; image: Uint8Array; imageName: string; text: string; decode: Decode }
  | { id: number; kind: 'sample'; image: Uint8Array; imageName: string; text: string; samples: number };

/** Page to worker, never answered: stop what is being decoded; the page has drawn the last mask. */
export type Signal = { kind: 'stop' } | { kind: 'frame' };

export interface Answers {
  create: { compileMs: number };
  load: { loadMs: number };
  measure: Speed;
  /** Undefined where the model's sentences are not about lungs. */
  read: Reading | undefined;
  segment: Outcome;
  /** Undefined when it was stopped. */
  sample: Agreement | undefined;
}

/** Worker to page. */
export type Reply =
  | { id: number; kind: 'answer'; value: Answers[keyof Answers] }
  | { id: number; kind: 'refused'; message: string }
  | { id: number; kind: 'started'; started: Started; prefillMs: number }
  | { id: number; kind: 'tokens'; tokens: Token[] }
  | { id: number; kind: 'mask'; mask: PartialMask }
  | { id: number; kind: 'sampled'; done: number; total: number }
  | { kind: 'fatal'; cause: string; message: string };
