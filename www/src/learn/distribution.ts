// A distribution over codes: which are probable, how sure it is, what another temperature makes of it, and what each code
// would cost.

import type { Codebook, Inspection } from '../engine/messages.ts';
import { largestOf } from './heads.ts';

/** The distribution of token `index`. */
export function rowOf({ codes, probabilities }: Inspection, index: number): Float32Array {
  return probabilities.subarray(index * codes, (index + 1) * codes);
}

/** softmax(log p / temperature). Temperature 1 gives `p` itself, lower ones sharpen it. */
export function tempered(p: Float32Array, temperature: number): Float32Array {
  const largest = largestOf(p);
  if (largest === 0) return p.slice();
  const powers = p.map((value) => (value / largest) ** (1 / temperature));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

/** In bits. */
export function entropy(p: Float32Array): number {
  return p.reduce((bits, value) => (value > 0 ? bits - value * Math.log2(value) : bits), 0);
}

/** How many equally likely codes would be as hard to guess. */
export function perplexity(p: Float32Array): number {
  return 2 ** entropy(p);
}

/** The most probable codes, most probable first; of equal ones the lower first. */
export function topCodes(p: Float32Array, count: number): number[] {
  const top: number[] = [];
  p.forEach((value, code) => {
    if (top.length === count && value <= p[top[count - 1]!]!) return;
    const place = top.findIndex((other) => p[other]! < value);
    top.splice(place < 0 ? top.length : place, 0, code);
    top.length = Math.min(top.length, count);
  });
  return top;
}

/** How many codes are more probable than `code`, and 1. */
export function rankOf(p: Float32Array, code: number): number {
  return p.reduce((rank, value) => (value > p[code]! ? rank + 1 : rank), 1);
}

/** Pixels that differ between the patches of two codes. */
export function distance({ patch, pixels }: Codebook, a: number, b: number): number {
  const size = patch * patch;
  let count = 0;
  for (let i = 0; i < size; i++) count += inside(pixels[a * size + i]!) === inside(pixels[b * size + i]!) ? 0 : 1;
  return count;
}

/** Share of the patch that a code draws. */
export function filled({ patch, pixels }: Codebook, code: number): number {
  const size = patch * patch;
  return pixels.subarray(code * size, (code + 1) * size).reduce((sum, value) => sum + (inside(value) ? 1 : 0), 0) / size;
}

/** Codes less probable than this count as impossible. */
const IMPOSSIBLE = 1e-4;

/**
 * What each of `codes` is expected to cost where the truth is drawn from `p`, a pixel drawn in vain costs 2 `threshold` and
 * a missed one 2 (1 - `threshold`): for 1/2 the number of wrong pixels.
 */
export function expectedCosts({ patch, pixels }: Codebook, p: Float32Array, codes: readonly number[], threshold = 0.5): number[] {
  const size = patch * patch;
  const share = new Float32Array(size);
  let possible = 0;
  p.forEach((value, code) => {
    if (value < IMPOSSIBLE) return;
    possible += value;
    for (let i = 0; i < size; i++) if (inside(pixels[code * size + i]!)) share[i]! += value;
  });
  const cost = (code: number, truly: number, i: number) =>
    inside(pixels[code * size + i]!) ? 2 * threshold * (possible - truly) : 2 * (1 - threshold) * truly;
  return codes.map((code) => share.reduce((sum, truly, i) => sum + cost(code, truly, i), 0));
}

function inside(value: number): boolean {
  return value > 127;
}
