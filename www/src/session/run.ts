// One segmentation: the one place for what the page knows of it. Viewer and panels draw from here. Its list of tokens is
// what counts: an edit, a branch, a step back in time and a device that was lost all go on from the first tokens of it.

import type { Decode, EngineKind, Frames, Outcome, PartialMask, Pass, Reading, SideConvention, Started, Token } from '../engine/messages.ts';
import type { Picture } from '../picture/picture.ts';

/** What was asked, and of whom. */
export interface Question {
  picture: Picture;
  /** As it was typed. */
  prompt: string;
  /** Whose left its "left" means. */
  words: SideConvention;
  /** As the model read it: sides rewritten where words and model differ about whose left is meant. */
  asked: string;
  /** How the typed sentence is understood, where the model read another one. */
  own: Reading | undefined;
  model: ModelName;
  /** `replay`: a recording, which no engine decodes here. */
  engine: EngineKind | 'replay';
  decode: Decode;
}

export interface ModelName {
  id: string;
  name: string;
  manifestHash: string | undefined;
  sideConvention: 'viewer' | 'patient';
}

/** A pass through the model: the tokens from `from` on, and what was proposed for them. */
export interface PassRecord extends Pick<Pass, 'drafts' | 'draftedBy'> {
  from: number;
  count: number;
}

/** Never changed: whatever becomes known makes a new run of it, so an earlier one can be kept. */
export interface Run extends Question {
  started: Started;
  /** Time for picture and sentence, until the first token could be decoded. */
  prefillMs: number;
  /** In decoding order. Cells without one are pending. */
  tokens: readonly Token[];
  passes: readonly PassRecord[];
  /** Tokens that the user chose, by their index. */
  edits: readonly number[];
  /** The mask as far as it was decoded when it was last asked for. */
  partial?: PartialMask;
  /** Missing while tokens are being decoded. */
  outcome?: Outcome;
  /** The right mask of the picture, where there is one. */
  truth?: Uint8Array | undefined;
  /** Several sampled masks, as far as they are drawn. */
  sampled?: Sampled;
  /** The mask after every token, once somebody asked. */
  frames?: Frames;
}

/** What several sampled masks have in common. */
export interface Sampled {
  masks: number;
  temperature: number;
  seed: number;
  /** Mean mask probability per pixel at the model's resolution, 0 to 255. */
  mean: Uint8Array;
  /** Per cell, row by row: how far the masks agree; 0 where they have no token yet. */
  cells: Float32Array;
  /** Tokens of each mask so far. */
  done: number;
  /** Mask after mask. */
  tokens: Uint32Array;
}

export type FinishedRun = Run & { outcome: Outcome };

/** The run, if it is finished or stopped. */
export function finished(run: Run | undefined): FinishedRun | undefined {
  return run?.outcome && (run as FinishedRun);
}

/** The run with what another pass through the model gave. */
export function withPass(run: Run, { tokens, drafts, draftedBy }: Pass): Run {
  const record = { from: run.tokens.length, count: tokens.length, drafts, draftedBy };
  return { ...run, tokens: [...run.tokens, ...tokens], passes: [...run.passes, record] };
}

/** The ids of the first `count` tokens. */
export function tokenIds(run: Run, count = run.tokens.length): Uint32Array {
  return Uint32Array.from(run.tokens.slice(0, count), ({ token }) => token);
}

const counts = new WeakMap<Uint8Array, number>();

/** Pixels of a 0/1 mask that are marked: counted once, large masks are asked often. */
export function countMask(mask: Uint8Array): number {
  const known = counts.get(mask);
  if (known !== undefined) return known;
  let count = 0;
  for (let i = 0; i < mask.length; i++) count += mask[i]!;
  counts.set(mask, count);
  return count;
}

/** Mean, 0 of nothing. */
export function mean(values: ArrayLike<number>): number {
  return values.length === 0 ? 0 : Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
