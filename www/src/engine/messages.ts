// What the page and the engine's worker say to each other. The engine's own answers are generated from the Rust that
// makes them; `tsconfig.engine.json` checks that `Engine` agrees with what wasm-bindgen generated.

import type {
  Agreement,
  Attention,
  Check,
  Codebook,
  Comparison,
  Decode,
  Frames,
  Inspection,
  PartialMask,
  Pass,
  Reading,
  InConvention,
  Seen,
  Segmentation,
  SideConvention,
  Started,
  TeacherForced,
} from './messages.generated.ts';

export type * from './messages.generated.ts';

export type EngineKind = 'cpu' | 'webgpu';

/** What is asked of the engine at once, each with one answer. Those of a sentence alone do not wait for a decoding. */
export interface EngineCalls {
  read(text: string): Reading | undefined;
  otherSide(text: string): string | undefined;
  inConvention(text: string, words: SideConvention): InConvention;
  checks(text: string, mask: Uint8Array, width: number, height: number, words: SideConvention): Check[];
  compare(mask: Uint8Array, truth: Uint8Array, width: number, height: number): Comparison;
  rle(mask: Uint8Array, width: number, height: number): Uint32Array;
  codebook(): Promise<Codebook>;
  frames(tokens: Uint32Array): Promise<Frames>;
  see(image: Uint8Array, imageName: string): Promise<Seen>;
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
  diceCurve(
    image: Uint8Array,
    imageName: string,
    tokens: Uint32Array,
    truth: Uint8Array,
    width: number,
    height: number,
  ): Promise<Float32Array>;
}

/** The calls that are answered between the passes of a decoding. */
export const AT_ONCE: readonly (keyof EngineCalls)[] = ['read', 'otherSide', 'inConvention', 'checks', 'compare', 'rle'];

/** The class that wasm-bindgen exports, as far as the worker uses it. */
export interface Engine extends EngineCalls {
  load(manifest: Uint8Array, names: string[], contents: Uint8Array[]): Promise<void>;
  start(image: Uint8Array, imageName: string, text: string, decode: Decode, prefix: Uint32Array): Promise<Started>;
  next(): Promise<Pass>;
  partial(): Promise<PartialMask>;
  finish(): Promise<Segmentation>;
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
}

export interface EngineModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<{ readonly memory: WebAssembly.Memory }>;
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

/** A picture and a sentence about it. */
export interface Asked {
  image: Uint8Array;
  imageName: string;
  text: string;
}

/** What the page asks of the worker. */
export interface Requests {
  create: { glue: string; wasm: Uint8Array };
  load: { manifest: Uint8Array; names: string[]; contents: Uint8Array[] };
  /** Times a short decoding of a sentence that the model understands, which compiles all pipelines. */
  measure: { tokens: number; text: string };
  /** Decodes behind the tokens of `prefix`. A paced decoding makes no pass without the signal `pass`. */
  segment: Asked & { decode: Decode; prefix: Uint32Array; paced: boolean };
  /** Sampled masks and what they have in common. */
  sample: Asked & { samples: number; temperature: number; seed: number };
  call: { method: keyof EngineCalls; given: unknown[] };
}

/** Page to worker. `id` comes back with every answer to the request. */
export type Request = { [K in keyof Requests]: Requests[K] & { id: number; kind: K } }[keyof Requests];

/** Page to worker, never answered: stop what is being decoded; the page has drawn the last mask; make one more pass, or,
 * with `pace`, wait for that or not. */
export type Signal = { kind: 'stop' } | { kind: 'frame' } | { kind: 'pass' } | { kind: 'pace'; paced: boolean };

export interface Answers {
  create: { compileMs: number };
  load: { loadMs: number };
  measure: Speed;
  segment: Outcome;
  /** As far as it came. */
  sample: { stopped: boolean; agreement: Agreement };
  call: unknown;
}

/** What comes before the answer to a request. */
export type Progress =
  | { kind: 'started'; started: Started; prefillMs: number }
  /** The tokens of one pass through the model. */
  | { kind: 'pass'; pass: Pass }
  /** The mask so far. No further one comes before the signal `frame`. */
  | { kind: 'mask'; mask: PartialMask }
  /** `done` tokens of `total` of every mask are drawn. */
  | { kind: 'sampled'; done: number; total: number }
  /** What the masks have in common so far. No further one comes before the signal `frame`. */
  | { kind: 'agreement'; agreement: Agreement };

/** Worker to page. */
export type Reply =
  /** `memory` are the bytes that the engine has taken: WebAssembly never gives one back. */
  | { id: number; kind: 'answer'; value: Answers[keyof Answers]; memory: number }
  | { id: number; kind: 'refused'; message: string }
  | ({ id: number } & Progress)
  | { kind: 'fatal'; cause: string; message: string };
