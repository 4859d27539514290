// What clinicians need beside the mask: connects the panels of this folder.

import type { Context } from '../session/context.ts';
import { byId } from '../ui/dom.ts';
import { makeBrushes } from './brush.ts';
import { ChecksPanel } from './checks.ts';
import { connectExports } from './exports.ts';
import { connectFindings } from './findings.ts';
import { connectPeek } from './peek.ts';
import { TruthPanel } from './truth.ts';
import { makeUndo } from './undo.ts';

export interface Clinic {
  /** Takes a ground truth among files that were opened; false where there is none. */
  takeFiles(files: readonly File[]): Promise<boolean>;
}

export function connectClinic(context: Context): Clinic {
  byId('toolbar').append(makeBrushes(context, ...makeUndo(context)));
  connectPeek(context);
  connectFindings(context);
  const checks = new ChecksPanel(context);
  const truth = new TruthPanel(context);
  connectExports(context, { checks: (finding) => checks.of(finding), figures: (finding) => truth.figures(finding) });
  return truth;
}
