// What the user has of one picture: findings, each a sentence with its mask. Never changed, so that every state can be
// gone back to.

import { packMask, unpackMask, type PackedMask } from './mask.ts';
import type { FinishedRun, Run } from './run.ts';

export interface Finding {
  /** From 1, in the order of their sentences; gives the colour too. */
  id: number;
  run: FinishedRun;
  /** The mask as it was corrected by hand; the model's own where this is missing. */
  corrected?: PackedMask | undefined;
  visible: boolean;
}

export interface Document {
  findings: readonly Finding[];
  /** The finding that panels and tools are about. */
  active: number | undefined;
}

export const EMPTY: Document = { findings: [], active: undefined };

export function activeFinding({ findings, active }: Document): Finding | undefined {
  return findings.find(({ id }) => id === active);
}

/** The number of the finding that a run becomes. What was corrected by hand is never replaced. */
export function idFor({ findings }: Document, { prompt, words }: Pick<Run, 'prompt' | 'words'>): number {
  const same = findings.find(
    ({ run, corrected }) => !corrected && run.prompt.trim() === prompt.trim() && run.words === words,
  );
  return same?.id ?? 1 + Math.max(0, ...findings.map(({ id }) => id));
}

/** The document with a new run: in place of the finding of the same sentence, else beside the others, which it hides. */
export function withRun(document: Document, run: FinishedRun): Document {
  const { findings } = document;
  const id = idFor(document, run);
  const others = findings.filter((finding) => finding.id !== id).map((finding) => ({ ...finding, visible: false }));
  const all = [...others, { id, run, visible: true }].sort((a, b) => a.id - b.id);
  return { findings: all, active: id };
}

/** The document with a change to one finding. */
export function withFinding(document: Document, id: number, change: (finding: Finding) => Finding): Document {
  const findings = document.findings.map((finding) => (finding.id === id ? change(finding) : finding));
  return { ...document, findings };
}

export function withoutFinding({ findings, active }: Document, id: number): Document {
  const left = findings.filter((finding) => finding.id !== id);
  return { findings: left, active: active === id ? left.at(-1)?.id : active };
}

/** The document with another finding to look at, which becomes visible. */
export function withActive(document: Document, id: number): Document {
  return { ...withFinding(document, id, (finding) => ({ ...finding, visible: true })), active: id };
}

/** The document with a mask as it was corrected by hand. */
export function withCorrection(document: Document, id: number, pixels: Uint8Array, width: number, height: number): Document {
  const corrected = packMask(pixels, width, height);
  keepUnpacked(corrected, pixels);
  return withFinding(document, id, (finding) => ({ ...finding, corrected, visible: true }));
}

export function withVisible(document: Document, id: number, visible: boolean): Document {
  return withFinding(document, id, (finding) => ({ ...finding, visible }));
}

/** All findings shown. */
export function withAllVisible({ findings, active }: Document): Document {
  return { findings: findings.map((finding) => ({ ...finding, visible: true })), active };
}

/** Corrected masks that are kept unpacked: as many as are on screen at once, not as many as can be undone. */
const UNPACKED = 8;
const unpacked = new Map<PackedMask, Uint8Array>();

function keepUnpacked(mask: PackedMask, pixels: Uint8Array): Uint8Array {
  unpacked.delete(mask);
  unpacked.set(mask, pixels);
  if (unpacked.size > UNPACKED) unpacked.delete(unpacked.keys().next().value!);
  return pixels;
}

/** The mask of a finding, corrected where it was: 0/1 per pixel of the picture. The same array while it is the same mask. */
export function pixelsOf({ corrected, run }: Finding): Uint8Array {
  if (!corrected) return run.outcome.result.mask;
  return keepUnpacked(corrected, unpacked.get(corrected) ?? unpackMask(corrected));
}

const packedMasks = new WeakMap<Uint8Array, PackedMask>();

/** The same as run lengths. */
export function packedOf({ corrected, run }: Finding): PackedMask {
  if (corrected) return corrected;
  const { mask, width, height } = run.outcome.result;
  const packed = packedMasks.get(mask) ?? packMask(mask, width, height);
  packedMasks.set(mask, packed);
  return packed;
}
