// The public types of the package. With the engine's own ones they make index.d.ts.

import type { Decode, Pass, Reading, Segmentation, Started } from '../../src/engine/messages.generated.ts';

export interface LoadOptions {
  /** `auto`, as by default: WebGPU where it works and is no software adapter, else the CPU. */
  engine?: 'cpu' | 'webgpu' | 'auto';
  /** Called with the bytes that arrived since the last call; negative where a download is begun anew. */
  onBytes?: (count: number) => void;
  /** The engine is gone, as with a lost GPU: load the model again. */
  onLost?: (error: Error) => void;
  signal?: AbortSignal;
}

export interface SegmentOptions {
  /** `speculative` as by default; the mask is the same. */
  decode?: Decode;
  /** Tokens of the first cells that stand already, such as those before one that was edited; decoding goes on behind them. */
  prefix?: ArrayLike<number>;
  /** What messages call the picture. */
  name?: string;
  /** Stops the decoding, and with it the loop. */
  signal?: AbortSignal;
}

/** The mask, and what else is known at the end. */
export type Result = Omit<Segmentation, 'tokens' | 'probabilities'> & {
  /** It was left before all tokens were decoded: the cells without one are background. */
  stopped: boolean;
};

/** A segmentation under way. Iterate it once; leaving the loop stops it. */
export interface SegmentRun extends AsyncIterable<Pass> {
  /** The grid of cells, and how the sentence is read. */
  readonly started: Promise<Started>;
  readonly result: Promise<Result>;
  stop(): void;
}

export interface Model {
  readonly engine: 'cpu' | 'webgpu';
  /** The engine's file: that of the CPU engine is `cpu-relaxed` where the browser has relaxed SIMD. */
  readonly file: 'cpu' | 'cpu-relaxed' | 'webgpu';
  /** Of the bundle. */
  readonly name: string;
  /** A sentence that the model understands. */
  readonly example: string;
  /** Segments in a PNG, JPEG or WebP what `sentence` says. One at a time: a second call waits. */
  segment(picture: Blob | Uint8Array, sentence: string, options?: SegmentOptions): SegmentRun;
  /** How a sentence is understood; undefined where the model's sentences are not about lungs. */
  read(sentence: string): Promise<Reading | undefined>;
  /** Ends the worker and frees its memory. */
  dispose(): void;
}
