// The figures of a run and its downloads.

import { dice } from '../../draw/dice.ts';
import { maskPng } from '../../picture/picture.ts';
import { byId, fillPairs, save } from '../dom.ts';
import { exportRun, stem } from '../export.ts';
import { percent } from '../format.ts';
import { countMask, mean, type FinishedRun } from '../run.ts';
import { SAMPLES } from '../state.ts';

export function showResult(run: FinishedRun | undefined): void {
  if (run) fillPairs(byId('figures'), figures(run));
  byId('result').hidden = !run;
  byId('no-result').hidden = run !== undefined;
}

function figures({ outcome: { result, stopped }, tokens, agreement, truth }: FinishedRun): [string, string][] {
  const area = countMask(result.mask) / result.mask.length;
  const pairs: [string, string][] = [
    [stopped ? 'Mask so far' : 'Mask', area === 0 ? 'empty' : `${percent(area)} of the picture`],
  ];
  if (result.presence !== null) {
    // A mask that takes one pass was not looked at cell by cell.
    const below = area === 0 && result.passes === 1 ? ', below the model’s threshold' : '';
    pairs.push(['Anything to draw', `${percent(result.presence)} probable${below}`]);
  }
  if (tokens.length > 0) {
    const probabilities = tokens.map(({ probability }) => probability);
    pairs.push(['Confidence', `mean ${mean(probabilities).toFixed(3)}, lowest ${Math.min(...probabilities).toFixed(3)}`]);
  }
  if (agreement) {
    const lowest = Math.min(...agreement);
    pairs.push(['Agreement', `${SAMPLES} masks: mean ${percent(mean(agreement))}, lowest ${percent(lowest)}`]);
  }
  if (result.pending > 0) pairs.push(['Pending', `${result.pending} cells not decoded`]);
  if (truth && !stopped) pairs.push(['Dice', dice(result.mask, truth).toFixed(3)]);
  return pairs;
}

/** Connects the download buttons to whatever run `current` gives. */
export function connectDownloads(current: () => FinishedRun | undefined): void {
  byId('save-mask').addEventListener('click', async () => {
    const run = current();
    if (!run) return;
    const { mask, width, height } = run.outcome.result;
    save(await maskPng(mask, width, height), `${stem(run.picture.name)}-mask.png`);
  });
  byId('save-json').addEventListener('click', () => {
    const run = current();
    if (!run) return;
    const json = JSON.stringify(exportRun(run), null, 1);
    save(new Blob([json], { type: 'application/json' }), `${stem(run.picture.name)}-result.json`);
  });
}
