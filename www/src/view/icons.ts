const SVG = 'http://www.w3.org/2000/svg';

/** Lines on a grid of 24 x 24, as paths of SVG. */
const ICONS = {
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
} as const;

export type Icon = keyof typeof ICONS;

export function icon(name: Icon): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
