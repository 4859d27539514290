// How it works, for classes: connects the panels of this folder.

import type { Context } from '../session/context.ts';

export function connectLearn(_context: Context): void {}
