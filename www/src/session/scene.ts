// What is drawn over the picture: the run on screen, and what else the session has of it.

import type { Layer } from '../draw/drawings.ts';
import { colourOf } from '../draw/palette.ts';
import type { Scene } from '../draw/viewer.ts';
import type { Token } from '../engine/messages.ts';
import { WHOLE, placeOf } from '../picture/place.ts';
import { activeFinding, idFor, pixelsOf, type Document, type Finding } from './document.ts';
import { finished, type Run } from './run.ts';

/** What of the session is drawn. */
export interface Shown {
  readonly run: Run | undefined;
  /** What is being decoded, if anything is. */
  readonly live: Run | undefined;
  readonly step: number | undefined;
  readonly document: Document;
  readonly truth: Uint8Array | undefined;
}

/** All visible findings, the active one on top; or the run that is being decoded alone. */
export function sceneNow({ run, live, step, document, truth }: Shown): Scene | undefined {
  if (!run) return undefined;
  const scene = { ...sceneOf(run, step), ...(truth && { truth: layerOf(truth, run.picture) }) };
  if (live) return dyed(scene, idFor(document, live));
  const active = activeFinding(document);
  const others = document.findings
    .filter(({ id, visible }) => visible && id !== active?.id)
    .map((finding) => ({ layer: findingLayer(finding), colour: colourOf(finding.id), id: finding.id }));
  if (!active) return { ...scene, others };
  const back = step !== undefined && step < run.tokens.length;
  const mask = !active.visible ? undefined : active.corrected && !back ? findingLayer(active) : scene.mask;
  return { ...dyed(scene, active.id), mask, others };
}

function dyed(scene: Scene, id: number): Scene {
  return { ...scene, id, colour: colourOf(id) };
}

function findingLayer(finding: Finding): Layer {
  return layerOf(pixelsOf(finding), finding.run.outcome.result);
}

function layerOf(field: Uint8Array, { width, height }: { width: number; height: number }): Layer {
  return { field, width, height, place: WHOLE, peak: 1 };
}

/** What is drawn of the run over its picture; of its first `step` tokens, if that is said. */
export function sceneOf(run: Run, step?: number): Scene {
  const { picture, started, passes, outcome, truth, sampled, edits } = run;
  const { rows, columns, square } = started;
  const size = outcome?.result ?? picture;
  const place = placeOf(square, size.width, size.height);
  const back = step !== undefined && step < run.tokens.length;
  const tokens = back ? run.tokens.slice(0, step) : run.tokens;
  const cells = new Array<Token | undefined>(rows * columns).fill(undefined);
  for (const token of tokens) cells[token.row * columns + token.column] = token;
  return {
    grid: { rows, columns, place },
    cells,
    freshFrom: back ? step - 1 : outcome ? Infinity : (passes.at(-1)?.from ?? 0),
    edited: new Set(edits),
    mask: back ? frameOf(run, step) : whole(run),
    colour: colourOf(1),
    id: 1,
    others: [],
    truth: truth && layerOf(truth, size),
    agreement: sampled?.cells,
  };

  function whole({ partial }: Run): Layer | undefined {
    const complete = finished(run)?.outcome;
    if (complete && !complete.stopped) return layerOf(complete.result.mask, size);
    return partial && { field: partial.probability, width: partial.width, height: partial.height, place, peak: 255 };
  }

  function frameOf({ frames }: Run, count: number): Layer | undefined {
    if (!frames) return undefined;
    const pixels = frames.width * frames.height;
    const field = frames.frames.subarray(count * pixels, (count + 1) * pixels);
    return { field, width: frames.width, height: frames.height, place, peak: 255 };
  }
}
