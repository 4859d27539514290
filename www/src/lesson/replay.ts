// Between a run and its recording.

import { NOTICE } from '../clinic/record.ts';
import type { Codebook, Token, SideConvention } from '../engine/messages.ts';
import type { Picture } from '../picture/picture.ts';
import { packMask, unpackMask } from '../session/mask.ts';
import type { FinishedRun, PassRecord } from '../session/run.ts';
import { base64Of } from '../ui/format.ts';
import { framesOf, usedPatches, type Trace } from './trace.ts';

/** What a recording says of the picture: the gallery's by its id, the user's own only where that was asked for. */
export interface PictureChoice {
  example: string | undefined;
  includesPicture: boolean;
}

/** The file of a run that an engine decoded. */
export function traceOf(run: FinishedRun, codebook: Codebook, { example, includesPicture }: PictureChoice): Trace {
  if (run.engine === 'replay') throw new Error('This is a recording already: decode it anew to record it.');
  const { result, decodeMs } = run.outcome;
  const { width, height } = result;
  const { rows, columns, square, readAs } = run.started;
  const tokens = run.tokens.map(({ token }) => token);
  const { x, y, side } = square;
  return {
    format: 'mriseg-trace',
    version: 1,
    notice: NOTICE,
    picture: { width, height, ...(example ? { example } : includesPicture && { file: base64Of(run.picture.bytes) }) },
    sentence: run.prompt,
    asked: run.asked,
    read_as: readAs,
    model: {
      id: run.model.id,
      name: run.model.name,
      manifest_sha256: run.model.manifestHash ?? null,
      side_convention: run.model.sideConvention,
    },
    engine: run.engine,
    decoding: run.decode,
    grid: { rows, columns, square: { x, y, side } },
    codebook: usedPatches(tokens, codebook.patch, codebook.pixels),
    tokens,
    probabilities: run.tokens.map(({ probability }) => Number(probability.toFixed(5))),
    edited: [...run.edits],
    passes: run.passes.map(({ count, drafts, draftedBy }) => ({ count, drafts: Array.from(drafts), drafted_by: draftedBy })),
    times: { prefill_ms: rounded(run.prefillMs), decode_ms: rounded(decodeMs) },
    presence: result.presence,
    mask: Array.from(packMask(result.mask, width, height).runs),
  };
}

/** The run that a file recorded, over `picture`. Its masks on the way are made of the patches, its last one is the model's. */
export function runOf(trace: Trace, picture: Picture): FinishedRun {
  const { grid, tokens, probabilities, model, times } = trace;
  const { rows, columns, square } = grid;
  const { width, height } = trace.picture;
  const total = rows * columns;
  const mask = unpackMask({ width, height, runs: Uint32Array.from(trace.mask) });
  const frames = framesOf(trace);
  const size = frames.width * frames.height;
  const pending = Uint8Array.from({ length: total }, (_, i) => Number(i >= tokens.length));
  const stopped = tokens.length < total;
  return {
    picture,
    prompt: trace.sentence,
    words: trace.asked === trace.sentence ? trace.model.side_convention : otherConvention(trace.model.side_convention),
    asked: trace.asked,
    own: undefined,
    model: { id: model.id, name: model.name, manifestHash: model.manifest_sha256 ?? undefined, sideConvention: model.side_convention },
    engine: 'replay',
    decode: trace.decoding,
    started: { rows, columns, total, readAs: trace.read_as, hint: null, notes: [], square },
    prefillMs: times.prefill_ms,
    tokens: tokens.map((token, index): Token => ({
      index,
      row: Math.floor(index / columns),
      column: index % columns,
      token,
      probability: probabilities[index]!,
      given: false,
    })),
    passes: passesOf(trace),
    edits: trace.edited,
    partial: { width: frames.width, height: frames.height, probability: frames.frames.slice(size * tokens.length), pending },
    outcome: {
      stopped,
      decodeMs: times.decode_ms,
      result: { width, height, mask, pending: total - tokens.length, passes: trace.passes.length, presence: trace.presence },
    },
    frames,
  };
}

function passesOf({ passes }: Trace): PassRecord[] {
  let from = 0;
  return passes.map(({ count, drafts, drafted_by: draftedBy }) => {
    const record = { from, count, drafts: Uint32Array.from(drafts), draftedBy };
    from += count;
    return record;
  });
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function otherConvention(convention: SideConvention): SideConvention {
  return convention === 'viewer' ? 'patient' : 'viewer';
}
