// What leaves the page of a finding: the downloadable record, and the numbers that tests read.

import { encodeRle, type Rle } from '../draw/rle.ts';
import type { Decode, EngineKind } from '../engine/messages.ts';
import { pixelsOf, type Finding } from '../session/document.ts';
import { countMask, type FinishedRun } from '../session/run.ts';
import { PAGE } from '../ui/words/page.ts';

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
  image: { name: string; width: number; height: number; spacing_mm: { x: number; y: number } | null };
  prompt: string;
  /** Whose left its "left" means: the viewer's or the patient's. */
  words: 'viewer' | 'patient';
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
  /** Agreement of sampled masks per cell, where there are some, and how they were drawn. */
  agreement: { masks: number; temperature: number; seed: number; cells: number[] } | null;
  /** As it is on screen: corrected by hand, where it was. */
  mask: RecordedMask;
  corrected_by_hand: boolean;
  /** As the model drew it, where it was corrected; else null. */
  model_mask: RecordedMask | null;
}

export type RecordedMask = Rle & { pixels: number };

/** What every file says that leaves the page. */
export const [NOTICE] = PAGE.notMedical;

/** The downloadable record of a finding, finished or stopped. */
export function exportFinding(finding: Finding): Export {
  const { run, corrected } = finding;
  const { result, stopped } = run.outcome;
  const { width, height } = result;
  const { spacing } = run.picture;
  const recorded = (mask: Uint8Array) => ({ ...encodeRle(mask, width, height), pixels: countMask(mask) });
  return {
    format: 'mriseg-result',
    version: 1,
    notice: NOTICE,
    image: { name: run.picture.name, width, height, spacing_mm: spacing ? { x: spacing.x, y: spacing.y } : null },
    prompt: run.prompt,
    words: run.words,
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
    agreement: agreementOf(run),
    mask: recorded(pixelsOf(finding)),
    corrected_by_hand: corrected !== undefined,
    model_mask: corrected ? recorded(result.mask) : null,
  };
}

function agreementOf({ sampled }: FinishedRun): Export['agreement'] {
  if (!sampled) return null;
  const { masks, temperature, seed, cells } = sampled;
  return { masks, temperature, seed, cells: Array.from(cells) };
}

/** A file name without its ending, for naming downloads. */
export function stem(name: string): string {
  return name.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '') || 'mask';
}
