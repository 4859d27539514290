// A recorded decoding as a file: enough to play it again on any device, with no model. It never has a picture of the
// user's own unless that was asked for, and not even its name.

import type { EngineKind } from '../engine/messages.ts';
import { base64Of } from '../ui/format.ts';

/** The largest numbers that a file may claim, far above what any model has. */
const MAX_SIDE = 20_000;
const MAX_CELLS = 4096;
const MAX_PATCH = 64;
const MAX_TEXT = 2000;

/** The file. Lists of bytes are base64. */
export interface Trace {
  format: 'mriseg-trace';
  version: 1;
  notice: string;
  /** `example`: a picture of the gallery, by its id. `file`: the picture itself, where its owner put it in. */
  picture: { width: number; height: number; example?: string; file?: string };
  sentence: string;
  /** As the model read it: sides are rewritten where words and model differ about whose left is meant. */
  asked: string;
  read_as: string | null;
  model: { id: string; name: string; manifest_sha256: string | null; side_convention: 'viewer' | 'patient' };
  engine: EngineKind;
  decoding: 'greedy' | 'speculative';
  /** Cells, and the square of the picture that they divide, in pixels. */
  grid: { rows: number; columns: number; square: { x: number; y: number; side: number } };
  /** What each code that occurs draws by itself: `codes.length` patches of `patch` x `patch` bytes, 0 to 255. */
  codebook: { patch: number; codes: number[]; pixels: string };
  /** In decoding order, which is row by row. Cells without one are pending. */
  tokens: number[];
  probabilities: number[];
  /** Indices of tokens that the user chose. */
  edited: number[];
  /** How many tokens each pass gave, what was proposed for them before, and by whom. */
  passes: { count: number; drafts: number[]; drafted_by: 'heads' | 'marginals' | null }[];
  times: { prefill_ms: number; decode_ms: number };
  /** Probability of there being something to draw; null where the model does not tell. */
  presence: number | null;
  /** The mask at the size of the picture: lengths of its runs, row by row, zeros first. */
  mask: number[];
}

/** Reads a trace; throws an Error for people that names what is wrong with it. */
export function parseTrace(text: string, file: string): Trace {
  const refuse = (what: string): never => {
    throw new Error(`${file} cannot be replayed: ${what}. Choose a file that "Record" of this page saved.`);
  };
  let trace: Trace;
  try {
    trace = JSON.parse(text) as Trace;
  } catch {
    return refuse('it is no JSON');
  }
  if (trace?.format !== 'mriseg-trace') return refuse('its format is not "mriseg-trace"');
  if (trace.version !== 1) return refuse(`it is of version ${String(trace.version)}, this page reads version 1`);
  const wrong = fault(trace);
  return wrong ? refuse(`"${wrong}" is missing or makes no sense`) : trace;
}

/** The first part of the trace that makes no sense. */
function fault(trace: Trace): string | undefined {
  const { picture, sentence, asked, model, engine, decoding, grid, codebook, tokens, probabilities, edited, passes, times } = trace;
  if (!isCount(picture?.width, 1, MAX_SIDE) || !isCount(picture.height, 1, MAX_SIDE)) return 'picture';
  if (![picture.example, picture.file].every((part) => part === undefined || typeof part === 'string')) return 'picture';
  if (!isText(sentence)) return 'sentence';
  if (!isText(asked)) return 'asked';
  if (trace.read_as !== null && !isText(trace.read_as)) return 'read_as';
  if (![model?.id, model?.name].every(isText) || !['viewer', 'patient'].includes(model.side_convention)) return 'model';
  if (!['cpu', 'webgpu'].includes(engine)) return 'engine';
  if (!['greedy', 'speculative'].includes(decoding)) return 'decoding';
  if (!isCount(grid?.rows, 1, MAX_CELLS) || !isCount(grid.columns, 1, MAX_CELLS)) return 'grid';
  const cells = grid.rows * grid.columns;
  const { square } = grid;
  if (cells > MAX_CELLS || ![square?.x, square?.y].every(Number.isFinite) || !(square.side > 0)) return 'grid';
  if (!isCount(codebook?.patch, 1, MAX_PATCH) || !isList(codebook.codes, (code) => isCount(code, 0, 2 ** 31))) return 'codebook';
  if (bytesOf(codebook.pixels)?.length !== codebook.codes.length * codebook.patch ** 2) return 'codebook';
  if (!isList(tokens, (token) => codebook.codes.includes(token)) || tokens.length > cells) return 'tokens';
  if (!isList(probabilities, (p) => p >= 0 && p <= 1) || probabilities.length !== tokens.length) return 'probabilities';
  if (!isList(edited, (index) => isCount(index, 0, tokens.length - 1))) return 'edited';
  if (!Array.isArray(passes) || !passes.every((pass) => isCount(pass?.count, 0, cells) && isList(pass.drafts, Number.isInteger))) return 'passes';
  if (passes.reduce((sum, { count }) => sum + count, 0) !== tokens.length) return 'passes';
  if (!(times?.prefill_ms >= 0) || !(times.decode_ms >= 0)) return 'times';
  if (trace.presence !== null && !(trace.presence >= 0 && trace.presence <= 1)) return 'presence';
  const pixels = picture.width * picture.height;
  if (!isList(trace.mask, (run) => isCount(run, 0, pixels)) || trace.mask.reduce((sum, run) => sum + run, 0) !== pixels) return 'mask';
  return undefined;
}

/** The mask after 0, 1, … n tokens, drawn from the patches of the codebook alone. */
export function framesOf({ grid, codebook, tokens }: Trace): { width: number; height: number; count: number; frames: Uint8Array } {
  const { patch, codes } = codebook;
  const patches = bytesOf(codebook.pixels)!;
  const [width, height] = [grid.columns * patch, grid.rows * patch];
  const size = width * height;
  const frames = new Uint8Array(size * (tokens.length + 1));
  tokens.forEach((token, i) => {
    const next = (i + 1) * size;
    frames.copyWithin(next, i * size, next);
    const from = codes.indexOf(token) * patch * patch;
    const corner = next + Math.floor(i / grid.columns) * patch * width + (i % grid.columns) * patch;
    for (let y = 0; y < patch; y++) frames.set(patches.subarray(from + y * patch, from + (y + 1) * patch), corner + y * width);
  });
  return { width, height, count: tokens.length + 1, frames };
}

/** The patches of the codes that occur, as the file has them. */
export function usedPatches(tokens: ArrayLike<number>, patch: number, pixels: Uint8Array): Trace['codebook'] {
  const codes = [...new Set(Array.from(tokens))].sort((a, b) => a - b);
  const size = patch * patch;
  const used = new Uint8Array(codes.length * size);
  codes.forEach((code, i) => used.set(pixels.subarray(code * size, (code + 1) * size), i * size));
  return { patch, codes, pixels: base64Of(used) };
}

export function bytesOf(base64: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (typeof base64 !== 'string') return undefined;
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function isCount(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isList(value: unknown, isSound: (entry: number) => boolean): value is number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'number' && isSound(entry));
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}
