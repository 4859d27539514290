// What the user has of one picture: findings, each a sentence with its mask. Never changed, so that every state can be
// gone back to.

import type { PackedMask } from './mask.ts';
import type { FinishedRun } from './run.ts';

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

/** The document with a new run: in place of the finding of the same sentence, else beside the others, which it hides. */
export function withRun(document: Document, run: FinishedRun): Document {
  const { findings } = document;
  const same = findings.find((finding) => finding.run.prompt.trim() === run.prompt.trim());
  const id = same?.id ?? 1 + Math.max(0, ...findings.map((finding) => finding.id));
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
