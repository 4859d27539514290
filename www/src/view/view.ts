// Looking at the picture: connects window and level, zoom, pixel values and frames.

import type { Context } from '../session/context.ts';

export function connectView(_context: Context): void {}
