// What clinicians need beside the mask: connects the panels of this folder.

import type { Context } from '../session/context.ts';

export function connectClinic(_context: Context): void {}
