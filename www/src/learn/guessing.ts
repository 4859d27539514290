// A game: guess the next token before the model says it.

import type { Codebook, Inspection } from '../engine/messages.ts';
import { distance, entropy, rowOf, topCodes } from './distribution.ts';
import { seeded, shuffled } from './random.ts';

export const CHOICES = 5;
/** Of them, those that the model finds most probable. */
const PROBABLE = 3;
/** Share of the pixels in which two patches have to differ, so that the eye can tell them apart. */
const APART = 0.06;

/** The right code among others that look different: what the model finds probable, and what it does not. */
export function choices(codebook: Codebook, p: Float32Array, right: number, seed: number): number[] {
  const random = seeded(seed);
  const apart = APART * codebook.patch ** 2;
  const chosen = [right];
  const add = (codes: readonly number[], upTo: number) => {
    for (const code of codes) {
      if (chosen.length >= upTo) return;
      if (chosen.every((other) => distance(codebook, code, other) > apart)) chosen.push(code);
    }
  };
  const all = Array.from({ length: codebook.codes }, (_, code) => code);
  const probable = topCodes(p, 32);
  add(probable, probable.slice(0, PROBABLE).includes(right) ? PROBABLE : PROBABLE + 1);
  add(shuffled(all, random), CHOICES);
  return shuffled(chosen, random);
}

/** A token to guess: one of the fifth that the model is least sure of. */
export function worthGuessing(inspection: Inspection, tokens: number, seed: number): number {
  const unsure = Array.from({ length: tokens }, (_, index) => ({ index, bits: entropy(rowOf(inspection, index)) }));
  unsure.sort((a, b) => b.bits - a.bits || a.index - b.index);
  const few = unsure.slice(0, Math.max(1, Math.ceil(tokens / 5)));
  return few[Math.floor(seeded(seed)() * few.length)]!.index;
}

export interface Score {
  rounds: number;
  yours: number;
  /** The sum of its probabilities of what was right: what it would score on average, were it to draw. */
  model: number;
}

export const NO_SCORE: Score = { rounds: 0, yours: 0, model: 0 };

export function scored({ rounds, yours, model }: Score, hit: boolean, probability: number): Score {
  return { rounds: rounds + 1, yours: yours + (hit ? 1 : 0), model: model + probability };
}
