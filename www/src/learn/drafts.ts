// What was proposed before a pass, and what became of it.

import type { PassRecord, Run } from '../session/run.ts';

export interface Draft {
  code: number;
  /** Of the token that it was proposed for. */
  index: number;
  accepted: boolean;
}

/** The pass that gave token `index`, and how many passes it took so far. */
export function passOf({ passes }: Run, index: number): { pass: PassRecord; number: number } | undefined {
  const number = passes.findIndex(({ from, count }) => index >= from && index < from + count);
  return number < 0 ? undefined : { pass: passes[number]!, number: number + 1 };
}

/** Drafts stand as long as they are what the model then picks. */
export function draftsOf({ tokens }: Run, { from, drafts }: PassRecord): Draft[] {
  let agrees = true;
  return Array.from(drafts, (code, i) => {
    agrees &&= tokens[from + i]?.token === code;
    return { code, index: from + i, accepted: agrees };
  });
}
