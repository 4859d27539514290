// The signs on buttons, all of one hand.

import { makeSvg } from './dom.ts';

/** Lines on a grid of 24 x 24, as paths of SVG. */
const ICONS = {
  brush: 'M14 6l4 4M4 20c3 0 5-1 5-4l10-10a2.1 2.1 0 0 0-3-3L6 13c-2 1-2 4-2 7z',
  eraser: 'M8 20h12M5 13l8-8 6 6-8 8H8l-3-3a2 2 0 0 1 0-3zM9 9l6 6',
  undo: 'M9 6 4 11l5 5M4 11h10a5 5 0 0 1 0 10h-3',
  redo: 'M15 6l5 5-5 5M20 11H10a5 5 0 0 0 0 10h3',
  shown: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  concealed: 'M3 3l18 18M10 5.2A9.6 9.6 0 0 1 12 5c6 0 10 7 10 7a17 17 0 0 1-3 3.8M6.5 6.8A17 17 0 0 0 2 12s4 7 10 7a9.7 9.7 0 0 0 5-1.4',
  remove: 'M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3',
  fits: 'M5 13l4 4L19 7',
  warning: 'M12 4 2 20h20zM12 10v4M12 17v.01',
  read: 'M6 3l12 9-5.5 1.2L9.5 19z',
  window: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 3v18M12 8h7.5M12 13h8.9M12 17h6.5',
  pan: 'M12 2v20M2 12h20M12 2 9 5M12 2l3 3M12 22l-3-3M12 22l3-3M2 12l3-3M2 12l3 3M22 12l-3-3M22 12l-3 3',
  invert: 'M4 4h16v16H4zM4 20 20 4M12.5 12.5h5M6.5 8.5h5M9 6v5',
  reset: 'M4 12a8 8 0 1 0 3-6.2M4 4v5h5',
  closer: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5M8 11h6M11 8v6',
  further: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5M8 11h6',
  see: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z',
  close: 'M6 6l12 12M18 6 6 18',
  before: 'M15 5l-7 7 7 7',
  after: 'M9 5l7 7-7 7',
  stepBack: 'M18 6v12l-8-6zM7 6v12',
  stepOn: 'M6 6v12l8-6zM17 6v12',
  play: 'M8 5v14l11-7z',
  pause: 'M8 5v14M16 5v14',
  screen: 'M3 4.5h18M4.5 4.5v10.5h15V4.5M12 15v3M8 20.5l4-2.5 4 2.5',
} as const;

export type Icon = keyof typeof ICONS;

export function icon(name: Icon): SVGSVGElement {
  const svg = makeSvg('svg', { viewBox: '0 0 24 24', 'aria-hidden': true });
  svg.append(makeSvg('path', { d: ICONS[name] }));
  return svg;
}
