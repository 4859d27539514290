// What a step of the history keeps of its runs: what cannot be had again, small.

import type { Document } from './document.ts';
import { packMask, unpackMask } from './mask.ts';
import type { FinishedRun } from './run.ts';

/** The document with all masks as run lengths, unpacked whenever they are looked at, and without what the engine gives anew. */
export function lighten(document: Document): Document {
  return { ...document, findings: document.findings.map((finding) => ({ ...finding, run: lightRun(finding.run) })) };
}

const lightened = new WeakSet<object>();

function lightRun(run: FinishedRun): FinishedRun {
  if (lightened.has(run)) return run;
  const { frames: _frames, partial, ...rest } = run;
  const { mask, ...result } = run.outcome.result;
  const packed = packMask(mask, result.width, result.height);
  const unpacked = {
    ...result,
    get mask() {
      return unpackMask(packed);
    },
  };
  // The picture of a run that was stopped is its partial mask.
  const light = { ...rest, ...(run.outcome.stopped && partial && { partial }), outcome: { ...run.outcome, result: unpacked } };
  lightened.add(light);
  return light;
}
