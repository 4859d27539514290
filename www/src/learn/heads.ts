// Attention of one position as shares: of the words, of the cells of the picture, of the mask before it.

import type { Attention } from '../engine/messages.ts';

/** A head of a layer; all heads of it, or all of them, where one is missing. */
export interface Where {
  layer?: number | undefined;
  head?: number | undefined;
}

export interface Reading {
  words: Float32Array;
  cells: Float32Array;
  /** Begin-of-mask first, then the tokens before this one. */
  mask: Float32Array;
}

/** The weights of one head, or the mean of several. */
export function reading({ layers, heads, words, cells, mask, weights }: Attention, { layer, head }: Where): Reading {
  const size = words + cells + mask;
  const all = new Float32Array(size);
  let count = 0;
  for (let l = layer ?? 0; l < (layer === undefined ? layers : layer + 1); l++) {
    for (let h = head ?? 0; h < (head === undefined ? heads : head + 1); h++, count++) {
      const from = (l * heads + h) * size;
      for (let i = 0; i < size; i++) all[i]! += weights[from + i]!;
    }
  }
  const mean = all.map((weight) => weight / count);
  return { words: mean.subarray(0, words), cells: mean.subarray(words, words + cells), mask: mean.subarray(words + cells) };
}

export interface Shares {
  words: number;
  picture: number;
  mask: number;
  /** Padding behind the words, which is attended to like words. */
  padding: number;
}

export function sharesOf({ words, cells, mask }: Reading): Shares {
  const [w, c, m] = [words, cells, mask].map((part) => part.reduce((sum, weight) => sum + weight, 0));
  return { words: w!, picture: c!, mask: m!, padding: Math.max(0, 1 - w! - c! - m!) };
}

/** 0 of none. */
export function largestOf(weights: Float32Array): number {
  return weights.reduce((most, weight) => Math.max(most, weight), 0);
}

/** What a strength is of: small differences can be seen too. */
const GAMMA = 0.7;

/** Weights as strengths from 0 to 1, above the smallest and in shares of the largest: what is read evenly stays dark. */
export function strengths(weights: Float32Array): Float32Array {
  const largest = largestOf(weights);
  const least = weights.reduce((least, weight) => Math.min(least, weight), largest);
  return weights.map((weight) => (largest > 0 ? ((weight - least) / largest) ** GAMMA : 0));
}
