// What the sentence did: the same picture decoded again with the other side, and with nothing asked for.

import { dice } from '../draw/dice.ts';
import type { Layer } from '../draw/drawings.ts';
import { EngineGone } from '../engine/gone.ts';
import { WHOLE } from '../picture/place.ts';
import type { Context } from '../session/context.ts';
import { countMask, finished, type FinishedRun } from '../session/run.ts';
import { sceneOf } from '../session/scene.ts';

/** A sentence that asks for nothing. */
const NOTHING = 'no findings';
/** Two masks whose Dice is at least this are the same to the eye. */
const SAME = 0.95;

export interface Influence {
  what: 'side' | 'nothing';
  prompt: string;
  /** Of the mask with the sentence and the one without it. */
  dice: number;
  /** Both are empty, so that they tell nothing. */
  empty: boolean;
  /** Only the other one is empty. */
  none: boolean;
  layer: Layer | undefined;
}

/** Whether the mask came out as if the sentence had been another one. */
export function changedNothing({ dice, empty }: Pick<Influence, 'dice' | 'empty'>): boolean {
  return dice >= SAME && !empty;
}

/** Decodes with the other sentences; those that could not be decoded are left out. */
export async function influenceOf(context: Context, run: FinishedRun): Promise<Influence[]> {
  const { engine, tryOut } = context;
  const side = await engine?.call('otherSide', run.prompt);
  const asked = [
    { what: 'side', prompt: side },
    { what: 'nothing', prompt: NOTHING },
  ] as const;
  const found: Influence[] = [];
  for (const { what, prompt } of asked) {
    const other = prompt === undefined ? undefined : finished(await tryOut.call(context, prompt).catch(refused));
    if (!other || other.outcome.stopped) continue;
    found.push({ what, ...compared(run, other), prompt: other.prompt });
  }
  return found;
}

/** A model need not take every sentence. */
function refused(error: unknown): undefined {
  if (error instanceof EngineGone) throw error;
}

function compared(run: FinishedRun, other: FinishedRun): Pick<Influence, 'dice' | 'empty' | 'none' | 'layer'> {
  const [mask, changed] = [run.outcome.result.mask, other.outcome.result.mask];
  const layer = sceneOf(other).mask;
  return {
    dice: dice(mask, changed),
    empty: countMask(mask) === 0 && countMask(changed) === 0,
    none: countMask(mask) > 0 && countMask(changed) === 0,
    layer: layer && { ...layer, place: WHOLE },
  };
}
