// One segmentation: the one place for what the page knows of it. Viewer and panels draw from here.

import type { Layer, Scene } from '../draw/viewer.ts';
import type { Decode, EngineKind, Outcome, PartialMask, Started, Token } from '../engine/messages.ts';
import type { Picture } from '../picture/picture.ts';
import { WHOLE, placeOf } from '../picture/place.ts';

/** What was asked, and of whom. */
export interface Question {
  picture: Picture;
  prompt: string;
  model: { id: string; name: string; manifestHash: string | undefined; sideConvention: string };
  engine: EngineKind;
  decode: Decode;
}

/** Never changed: whatever becomes known makes a new run of it, so an earlier one can be kept. */
export interface Run extends Question {
  started: Started;
  /** Time for picture and sentence, until the first token could be decoded. */
  prefillMs: number;
  /** In decoding order. Cells without one are pending. */
  tokens: readonly Token[];
  /** How many of them came with the last pass through the model. */
  lastPass: number;
  /** The mask as far as it was decoded when it was last asked for. */
  partial?: PartialMask;
  /** Missing while tokens are being decoded. */
  outcome?: Outcome;
  /** The right mask, 0/1 per pixel of the picture, where the gallery has one. */
  truth?: Uint8Array | undefined;
  /** Per cell, row by row: how far sampled masks agree. */
  agreement?: Float32Array;
}

export type FinishedRun = Run & { outcome: Outcome };

/** The run, if it is finished or stopped. */
export function finished(run: Run | undefined): FinishedRun | undefined {
  return run?.outcome && (run as FinishedRun);
}

/** What is drawn of the run over its picture. */
export function sceneOf({ picture, started, tokens, lastPass, partial, outcome, truth, agreement }: Run): Scene {
  const { rows, columns, square } = started;
  const { width, height } = outcome?.result ?? picture.bitmap;
  const place = placeOf(square, width, height);
  const cells = new Array<Token | undefined>(rows * columns).fill(undefined);
  for (const token of tokens) cells[token.row * columns + token.column] = token;
  const layer = (mask: Uint8Array): Layer => ({ field: mask.map((value) => value * 255), width, height, place: WHOLE });
  const soFar = partial && { field: partial.probability, width: partial.width, height: partial.height, place };
  return {
    grid: { rows, columns, place },
    cells,
    freshFrom: outcome ? Infinity : tokens.length - lastPass,
    mask: outcome && !outcome.stopped ? layer(outcome.result.mask) : soFar,
    truth: truth && layer(truth),
    agreement,
  };
}

export function countMask(mask: Uint8Array): number {
  return mask.reduce((sum, value) => sum + value, 0);
}

/** Mean, 0 of nothing. */
export function mean(values: ArrayLike<number>): number {
  return values.length === 0 ? 0 : Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
