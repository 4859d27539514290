// Lessons: connects the tour, recorded traces and comparisons of decodings.

import type { Context } from '../session/context.ts';

export function connectLesson(_context: Context): void {}
