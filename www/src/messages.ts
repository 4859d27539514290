// What the page and the engine's worker say to each other. The shapes of the
// engine's own answers are those of web/src/messages.rs; `tsconfig.engine.json`
// checks that they agree with what wasm-bindgen generated.

export type EngineKind = 'cpu' | 'webgpu';

/** One token per pass through the model, or as many as its look-ahead heads guess right. */
export type Decode = 'greedy' | 'speculative';

export interface Started {
  rows: number;
  columns: number;
  total: number;
  /** Words of the sentence that the model has hardly seen. */
  unknownWords: string[];
}

export interface Token {
  index: number;
  row: number;
  column: number;
  token: number;
  probability: number;
}

/** Mask at the model's resolution: probability 0..255 per pixel, pending 0/1 per cell. */
export interface PartialMask {
  width: number;
  height: number;
  probability: Uint8Array;
  pending: Uint8Array;
}

/** Result at the picture's own size: mask 0/1 per pixel, pending counts cells, passes those through the model. */
export interface Segmentation {
  width: number;
  height: number;
  mask: Uint8Array;
  tokens: Uint32Array;
  probabilities: Float32Array;
  pending: number;
  passes: number;
}

/** The class that wasm-bindgen exports, as far as the worker uses it. */
export interface Engine {
  load(manifest: Uint8Array, names: string[], contents: Uint8Array[]): Promise<void>;
  start(image: Uint8Array, imageName: string, text: string, decode: Decode): Promise<Started>;
  next(): Promise<Token[]>;
  partial(): Promise<PartialMask>;
  finish(): Promise<Segmentation>;
}

export interface EngineModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  Engine: { create(onFatal: (kind: string, message: string) => void): Promise<Engine> };
}

export interface Speed {
  prefillMs: number;
  msPerToken: number;
}

export interface Outcome {
  stopped: boolean;
  result: Segmentation;
  partial: PartialMask;
  prefillMs: number;
  decodeMs: number;
}

/** Page to worker. `id` comes back with every answer to the request. */
export type Request =
  | { id: number; kind: 'create'; glue: string; wasm: Uint8Array }
  | { id: number; kind: 'load'; manifest: Uint8Array; names: string[]; contents: Uint8Array[] }
  | { id: number; kind: 'measure'; tokens: number }
  | { id: number; kind: 'segment'; image: Uint8Array; imageName: string; text: string; decode: Decode };

/** Page to worker, never answered: stop decoding; the page has drawn the last mask. */
export type Signal = { kind: 'stop' } | { kind: 'frame' };

export interface Answers {
  create: { compileMs: number };
  load: { loadMs: number };
  measure: Speed;
  segment: Outcome;
}

/** Worker to page. */
export type Reply =
  | { id: number; kind: 'answer'; value: Answers[keyof Answers] }
  | { id: number; kind: 'refused'; message: string }
  | { id: number; kind: 'started'; started: Started; prefillMs: number }
  | { id: number; kind: 'tokens'; tokens: Token[] }
  | { id: number; kind: 'mask'; mask: PartialMask }
  | { kind: 'fatal'; cause: string; message: string };
