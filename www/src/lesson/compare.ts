// Two decodings as lists of tokens: where they part, and how much they have in common.

import { dice } from '../draw/dice.ts';
import type { FinishedRun } from '../session/run.ts';
import { percent } from '../ui/format.ts';
import { say } from '../ui/words.ts';

export interface Agreement {
  /** Index of the first token in which they differ; undefined where there is none among those that both have. */
  parting: number | undefined;
  /** How many tokens both have. */
  common: number;
  /** How many of these are the same. */
  equal: number;
}

export function compareTokens(a: ArrayLike<number>, b: ArrayLike<number>): Agreement {
  const common = Math.min(a.length, b.length);
  let parting: number | undefined;
  let equal = 0;
  for (let i = 0; i < common; i++) {
    if (a[i] === b[i]) equal += 1;
    else parting ??= i;
  }
  return { parting, common, equal };
}

/** Share of the tokens that are the same, of those that both have; 1 of none. */
export function shareEqual({ common, equal }: Agreement): number {
  return common === 0 ? 1 : equal / common;
}

/** Of the mask and the right one, where that is known. */
export function diceOfTruth({ truth, outcome }: FinishedRun): number | undefined {
  return truth?.length === outcome.result.mask.length ? dice(truth, outcome.result.mask) : undefined;
}

/** Where the lists part, for people. */
export function partingText({ parting }: Agreement, columns: number): string {
  if (parting === undefined) return say('partingNone');
  return say('partingAt', parting + 1, Math.floor(parting / columns) + 1, (parting % columns) + 1);
}

/** How much of them is the same, for people. */
export function equalText(agreement: Agreement): string {
  return say('equalOf', agreement.equal, agreement.common, percent(shareEqual(agreement)));
}

/** Share of right tokens in every row of `columns` cells. */
export function accuracyByRow(tokens: ArrayLike<number>, truth: ArrayLike<number>, columns: number): number[] {
  const hits = Array.from({ length: Math.min(tokens.length, truth.length) }, (_, i) => Number(tokens[i] === truth[i]));
  return meanByRow(hits, columns);
}

/** Mean of every `columns` values; the last may be of fewer. */
export function meanByRow(values: ArrayLike<number>, columns: number): number[] {
  const rows: number[] = [];
  for (let from = 0; from < values.length; from += columns) {
    const to = Math.min(values.length, from + columns);
    let sum = 0;
    for (let i = from; i < to; i++) sum += values[i]!;
    rows.push(sum / (to - from));
  }
  return rows;
}

/** Probability of `truth[i]` in row i of `probabilities`, for as many tokens as there are of both. */
export function probabilitiesOf(truth: ArrayLike<number>, probabilities: ArrayLike<number>, codes: number): number[] {
  const count = Math.min(truth.length, Math.floor(probabilities.length / codes));
  return Array.from({ length: count }, (_, i) => probabilities[i * codes + truth[i]!] ?? 0);
}

/** What the drafts of all passes came to. */
export function draftsOf(
  passes: readonly { from: number; count: number; drafts: ArrayLike<number> }[],
  tokens: ArrayLike<number>,
): { passes: number; proposed: number; accepted: number } {
  let [proposed, accepted] = [0, 0];
  for (const { from, drafts } of passes) {
    proposed += drafts.length;
    let right = 0;
    while (right < drafts.length && drafts[right] === tokens[from + right]) right += 1;
    accepted += right;
  }
  return { passes: passes.length, proposed, accepted };
}
