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
  /** Takes a mask that came without a picture; false where the files are something else. */
  takeFiles(files: readonly File[]): Promise<boolean>;
  /** Makes a mask the ground truth of the picture on screen: '' once it is, why it cannot be, or undefined where it is none. */
  takeMask(file: File): Promise<string | undefined>;
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
