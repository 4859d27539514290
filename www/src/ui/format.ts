// Numbers, phrases of the engine and bytes as text.

import { say } from './words.ts';

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}

export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** A phrase of the engine with a full stop. */
export function ended(phrase: string): string {
  return phrase === '' || /[.!?…]$/.test(phrase) ? phrase : `${phrase}.`;
}

/** A phrase of the engine as a sentence: with a full stop and, where it begins with a letter, a capital. */
export function sentence(phrase: string): string {
  return ended(phrase.charAt(0).toUpperCase() + phrase.slice(1));
}

/** A share of 0 to 1; one that is not zero is never shown as zero. */
export function percent(share: number): string {
  return share > 0 && share < 0.001 ? 'less than 0.1 %' : `${(share * 100).toFixed(1)} %`;
}

/** The engine's phrase in a sentence. One that is not understood is decoded all the same: the line never refuses. */
export function readingLine(readAs: string): string {
  return readAs === 'not understood' ? say('notUnderstood') : say('readAs', ended(readAs));
}

export function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}
