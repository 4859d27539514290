// The whole sequence as one line: words, cells of the picture, begin-of-mask and mask tokens, one slot each.

export type Part = 'words' | 'cells' | 'mask';

export interface Stretch {
  part: Part;
  from: number;
  to: number;
}

export interface Line {
  stretches: readonly Stretch[];
  /** In the unit of the stretches. */
  length: number;
}

/** Slots between two parts. */
export const GAP = 4;

/** The line of a sequence. The mask has one input more than the tokens that are read to predict the last: begin-of-mask. */
export function lineOf(words: number, cells: number, mask: number): Line {
  const stretches: Stretch[] = [];
  let at = 0;
  for (const [part, length] of [['words', words], ['cells', cells], ['mask', mask]] as const) {
    if (length === 0) continue;
    stretches.push({ part, from: at, to: at + length });
    at += length + GAP;
  }
  return { stretches, length: Math.max(0, at - GAP) };
}

/** What lies at a share of the line's length; the nearest where that is a gap. */
export function slotAt({ stretches, length }: Line, share: number): { part: Part; index: number } | undefined {
  const at = Math.min(Math.max(share, 0), 1) * length;
  const away = ({ from, to }: Stretch) => Math.max(from - at, at - to, 0);
  const [first, ...others] = stretches;
  if (!first) return undefined;
  const { part, from, to } = others.reduce((best, other) => (away(other) < away(best) ? other : best), first);
  return { part, index: Math.min(to - from - 1, Math.max(0, Math.floor(at - from))) };
}
