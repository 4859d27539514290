// What leaves the page of a run: the downloadable record, and the numbers that tests read.

import { encodeRle, type Rle } from '../draw/rle.ts';
import type { Decode, EngineKind } from '../engine/messages.ts';
import { countMask, type FinishedRun } from '../session/run.ts';

/** What tests and other scripts read from `window.__mriseg.last`. */
export interface LastResult {
  tokens: number[];
  probabilities: number[];
  width: number;
  height: number;
  /** 0/1 per pixel, made on demand. */
  readonly mask: number[];
}

export function lastResult({ tokens, outcome }: FinishedRun): LastResult {
  const { width, height, mask } = outcome.result;
  return {
    tokens: tokens.map(({ token }) => token),
    probabilities: tokens.map(({ probability }) => probability),
    width,
    height,
    get mask() {
      return Array.from(mask);
    },
  };
}

export interface Export {
  format: 'mriseg-result';
  version: 1;
  notice: string;
  image: { name: string; width: number; height: number };
  prompt: string;
  /** As the model read it: sides are rewritten where words and model differ about whose left is meant. */
  asked: string;
  /** How the sentence is understood; null where the model's sentences are not about lungs. */
  read_as: string | null;
  /** What was done to the picture before the model read it. */
  picture_notes: string[];
  model: { id: string; name: string; manifest_sha256: string | null; side_convention: string };
  engine: EngineKind | 'replay';
  decoding: { method: Decode; passes: number; complete: boolean; pending_cells: number };
  grid: { rows: number; columns: number };
  tokens: number[];
  probabilities: number[];
  /** Indices of tokens that the user chose. */
  edited_tokens: number[];
  /** Probability of there being something to draw; null where the model does not tell. */
  presence: number | null;
  /** Agreement of sampled masks per cell, where there are some. */
  agreement: { masks: number; cells: number[] } | null;
  mask: Rle & { pixels: number };
}

/** The downloadable record of a finished or stopped run. */
export function exportRun(run: FinishedRun): Export {
  const { result, stopped } = run.outcome;
  return {
    format: 'mriseg-result',
    version: 1,
    notice: 'Research and teaching demo. Not a medical device; not for diagnosis.',
    image: { name: run.picture.name, width: result.width, height: result.height },
    prompt: run.prompt,
    asked: run.asked,
    read_as: run.started.readAs,
    picture_notes: run.started.notes,
    model: {
      id: run.model.id,
      name: run.model.name,
      manifest_sha256: run.model.manifestHash ?? null,
      side_convention: run.model.sideConvention,
    },
    engine: run.engine,
    decoding: { method: run.decode, passes: result.passes, complete: !stopped, pending_cells: result.pending },
    grid: { rows: run.started.rows, columns: run.started.columns },
    tokens: run.tokens.map(({ token }) => token),
    probabilities: run.tokens.map(({ probability }) => probability),
    edited_tokens: [...run.edits],
    presence: result.presence,
    agreement: run.sampled
      ? { masks: run.sampled.masks, cells: Array.from(run.sampled.cells) }
      : null,
    mask: { ...encodeRle(result.mask, result.width, result.height), pixels: countMask(result.mask) },
  };
}

/** A file name without its ending, for naming downloads. */
export function stem(name: string): string {
  return name.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '') || 'mask';
}
