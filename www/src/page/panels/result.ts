// The figures of a run and its downloads.

import { byId, fillPairs, save } from '../dom.ts';
import { dice } from '../../draw/dice.ts';
import { percent } from '../format.ts';
import { maskPng } from '../../picture/picture.ts';
import { countMask, exportRun, mean, stem, type Run } from '../run.ts';
import { SAMPLES } from '../state.ts';
import type { Outcome } from '../../engine/messages.ts';

export type FinishedRun = Run & { outcome: Outcome };

/** Shows the figures; `truth` is the ground truth at the picture's size, where there is one. */
export function showResult(run: FinishedRun, truth: Uint8Array | undefined): void {
  const { result, stopped } = run.outcome;
  const area = countMask(result.mask) / result.mask.length;
  const pairs: [string, string][] = [
    [stopped ? 'Mask so far' : 'Mask', area === 0 ? 'empty' : `${percent(area)} of the picture`],
  ];
  if (result.presence !== null) {
    // A mask that takes one pass was not looked at cell by cell.
    const below = area === 0 && result.passes === 1 ? ', below the model’s threshold' : '';
    pairs.push(['Anything to draw', `${percent(result.presence)} probable${below}`]);
  }
  if (result.probabilities.length > 0) {
    const lowest = result.probabilities.reduce((low, value) => Math.min(low, value), 1);
    pairs.push(['Confidence', `mean ${mean(result.probabilities).toFixed(3)}, lowest ${lowest.toFixed(3)}`]);
  }
  if (run.agreement) {
    const lowest = run.agreement.reduce((low, value) => Math.min(low, value), 1);
    pairs.push(['Agreement', `${SAMPLES} masks: mean ${percent(mean(run.agreement))}, lowest ${percent(lowest)}`]);
  }
  if (result.pending > 0) pairs.push(['Pending', `${result.pending} cells not decoded`]);
  if (truth && !stopped) pairs.push(['Dice', dice(result.mask, truth).toFixed(3)]);
  fillPairs(byId('figures'), pairs);
  byId('result').hidden = false;
  byId('no-result').hidden = true;
}

export function hideResult(): void {
  byId('result').hidden = true;
  byId('no-result').hidden = false;
}

/** Connects the download buttons to whatever run `current` gives. */
export function connectDownloads(current: () => FinishedRun | undefined): void {
  byId('save-mask').addEventListener('click', async () => {
    const run = current();
    if (!run) return;
    const { mask, width, height } = run.outcome.result;
    save(await maskPng(mask, width, height), `${stem(run.imageName)}-mask.png`);
  });
  byId('save-json').addEventListener('click', () => {
    const run = current();
    if (!run) return;
    const json = JSON.stringify(exportRun(run), null, 1);
    save(new Blob([json], { type: 'application/json' }), `${stem(run.imageName)}-result.json`);
  });
}
