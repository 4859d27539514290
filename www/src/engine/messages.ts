// What the page and the engine's worker say to each other. The engine's own answers are generated from the Rust that
// makes them; `tsconfig.engine.json` checks that `Engine` agrees with what wasm-bindgen generated.

import type {
  Agreement,
  Attention,
  Codebook,
  Comparison,
  Decode,
  Frames,
  Inspection,
  PartialMask,
  Pass,
  Reading,
  Seen,
  Segmentation,
  Started,
  TeacherForced,
  Token,
} from './messages.generated.ts';

export type * from './messages.generated.ts';

export type EngineKind = 'cpu' | 'webgpu';

/** The class that wasm-bindgen exports, as far as the worker uses it. */
export interface Engine {
  load(manifest: Uint8Array, names: string[], contents: Uint8Array[]): Promise<void>;
  read(text: string): Reading | undefined;
  start(image: Uint8Array, imageName: string, text: string, decode: Decode, prefix: Uint32Array): Promise<Started>;
  next(): Promise<Pass>;
  partial(): Promise<PartialMask>;
  finish(): Promise<Segmentation>;
  frames(tokens: Uint32Array): Promise<Frames>;
  codebook(): Promise<Codebook>;
  startSampling(
    image: Uint8Array,
    imageName: string,
    text: string,
    samples: number,
    temperature: number,
    seed: number,
  ): Promise<Started>;
  sample(): Promise<boolean>;
  agreement(): Promise<Agreement>;
  inspect(image: Uint8Array, imageName: string, text: string, tokens: Uint32Array): Promise<Inspection>;
  attention(index: number): Promise<Attention>;
  teacherForce(
    image: Uint8Array,
    imageName: string,
    text: string,
    truth: Uint8Array,
    width: number,
    height: number,
  ): Promise<TeacherForced>;
  see(image: Uint8Array, imageName: string): Promise<Seen>;
  compare(mask: Uint8Array, truth: Uint8Array, width: number, height: number): Comparison;
  diceCurve(
    image: Uint8Array,
    imageName: string,
    tokens: Uint32Array,
    truth: Uint8Array,
    width: number,
    height: number,
  ): Promise<Float32Array>;
  rle(mask: Uint8Array, width: number, height: number): Uint32Array;
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

/** What the page asks of the worker. */
export interface Requests {
  create: { glue: string; wasm: Uint8Array };
  load: { manifest: Uint8Array; names: string[]; contents: Uint8Array[] };
  /** Times a short decoding, which compiles all pipelines. */
  measure: { tokens: number };
  /** How a sentence is understood; answered between passes where a mask is being decoded. */
  read: { text: string };
  segment: { image: Uint8Array; imageName: string; text: string; decode: Decode };
  /** Sampled masks and what they have in common. */
  sample: { image: Uint8Array; imageName: string; text: string; samples: number };
}

/** Page to worker. `id` comes back with every answer to the request. */
export type Request = { [K in keyof Requests]: Requests[K] & { id: number; kind: K } }[keyof Requests];

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

/** What comes before the answer to a request. */
export type Progress =
  | { kind: 'started'; started: Started; prefillMs: number }
  /** The tokens of one pass through the model. */
  | { kind: 'tokens'; tokens: Token[] }
  /** The mask so far. No further one comes before the signal `frame`. */
  | { kind: 'mask'; mask: PartialMask }
  /** A token of every mask is drawn: `done` of `total`. */
  | { kind: 'sampled'; done: number; total: number };

/** Worker to page. */
export type Reply =
  | { id: number; kind: 'answer'; value: Answers[keyof Answers] }
  | { id: number; kind: 'refused'; message: string }
  | ({ id: number } & Progress)
  | { kind: 'fatal'; cause: string; message: string };
