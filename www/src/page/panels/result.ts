// The figures of a run.

import type { Context } from '../../session/context.ts';
import { areaOf } from '../../session/mask.ts';
import type { Finding } from '../../session/document.ts';
import { countMask, mean } from '../../session/run.ts';
import { byId, fillPairs } from '../../ui/dom.ts';
import { percent } from '../../ui/format.ts';
import { inWords, say } from '../../ui/words.ts';

export function connectResult({ session }: Context): void {
  const show = () => {
    const finding = session.settled;
    if (finding) fillPairs(byId('figures'), figures(finding));
    byId('result').hidden = !finding;
    byId('no-result').hidden = finding !== undefined;
  };
  session.watch(({ settled }) => settled, show);
  inWords(show);
}

function figures({ run, corrected }: Finding): [string, string][] {
  const { tokens, sampled, outcome } = run;
  const { result, stopped } = outcome;
  const area = (corrected ? areaOf(corrected) : countMask(result.mask)) / result.mask.length;
  const pairs: [string, string][] = [
    [say(stopped ? 'maskSoFar' : 'mask'), area === 0 ? say('empty') : say('ofPicture', percent(area))],
  ];
  if (result.presence !== null) {
    // A mask that takes one pass was not looked at cell by cell.
    const below = area === 0 && result.passes === 1 ? say('belowThreshold') : '';
    pairs.push([say('anything'), say('probable', percent(result.presence)) + below]);
  }
  if (tokens.length > 0) {
    const probabilities = tokens.map(({ probability }) => probability);
    const lowest = Math.min(...probabilities).toFixed(3);
    const whose = corrected ? ` ${say('ofModelsMask')}` : '';
    pairs.push([say('confidence') + whose, say('meanLowest', mean(probabilities).toFixed(3), lowest)]);
  }
  if (sampled) {
    const lowest = percent(Math.min(...sampled.cells));
    pairs.push([say('agreement'), say('masksAgree', sampled.masks, percent(mean(sampled.cells)), lowest)]);
  }
  if (result.pending > 0) pairs.push([say('pending'), say('cellsPending', result.pending)]);
  return pairs;
}
