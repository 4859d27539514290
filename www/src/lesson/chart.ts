// A small line chart: shares of 0 to 1 by position.

import { makeSvg, setLabel } from '../ui/dom.ts';

const [WIDTH, HEIGHT] = [640, 190];
const [LEFT, RIGHT, TOP, BOTTOM] = [38, 10, 12, 30];

export interface Line {
  /** Names the class of its strokes. */
  name: string;
  /** None where only means are drawn. */
  values: readonly number[];
  /** Its means over every `group` values, drawn strongly over the values. */
  means: readonly number[];
}

export interface ChartTexts {
  label: string;
  across: string;
  mark: string;
}

/** Points of a line through `values`, each in the middle of its share of the width. */
export function points(values: readonly number[]): string {
  return values.map((value, i) => `${x((i + 0.5) / values.length).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
}

/** Draws `lines` into `svg`; `mark` is a position to point out. */
export function drawChart(svg: SVGSVGElement, lines: readonly Line[], mark: number | undefined, texts: ChartTexts): void {
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('role', 'img');
  setLabel(svg, texts.label);
  const count = Math.max(...lines.map(({ values, means }) => values.length || means.length));
  const parts: SVGElement[] = [];
  for (const level of [0, 0.5, 1]) {
    parts.push(makeSvg('line', { class: 'rule', x1: LEFT, x2: WIDTH - RIGHT, y1: y(level), y2: y(level) }));
    parts.push(text(String(level), { x: LEFT - 8, y: y(level) + 4, 'text-anchor': 'end' }));
  }
  parts.push(text('1', { x: LEFT, y: HEIGHT - 10 }));
  parts.push(text(String(count), { x: WIDTH - RIGHT, y: HEIGHT - 10, 'text-anchor': 'end' }));
  parts.push(text(texts.across, { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 10, 'text-anchor': 'middle' }));
  if (mark !== undefined) {
    const at = x((mark + 0.5) / count);
    const late = at > WIDTH * 0.7;
    parts.push(makeSvg('line', { class: 'mark', x1: at, x2: at, y1: TOP - 4, y2: y(0) }));
    parts.push(text(texts.mark, { class: 'mark', x: at + (late ? -6 : 6), y: y(0) - 8, 'text-anchor': late ? 'end' : 'start' }));
  }
  for (const { name, values } of lines) parts.push(makeSvg('polyline', { class: `raw ${name}`, points: points(values) }));
  for (const { name, means } of lines) parts.push(makeSvg('polyline', { class: `mean ${name}`, points: points(means) }));
  svg.replaceChildren(...parts);
}

export function makeChart(testId: string): SVGSVGElement {
  return makeSvg('svg', { class: 'chart', 'data-testid': testId });
}

function x(share: number): number {
  return LEFT + share * (WIDTH - LEFT - RIGHT);
}

function y(value: number): number {
  return TOP + (1 - value) * (HEIGHT - TOP - BOTTOM);
}

function text(content: string, attributes: Record<string, string | number>): SVGElement {
  const made = makeSvg('text', attributes);
  made.textContent = content;
  return made;
}
