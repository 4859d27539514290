// Dice after every token as a line; pointing at it shows the mask of that moment.

import type { Context } from '../session/context.ts';
import { askFrames } from '../session/frames.ts';
import { make, makeSvg, setLabel } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';

const [WIDTH, HEIGHT] = [300, 90];

export interface Curve {
  element: HTMLElement;
  /** Dice after 0, 1, … tokens; nothing is drawn without. */
  show(dice: Float32Array | undefined): void;
}

/** The points of the line, for SVG. */
export function pointsOf(dice: ArrayLike<number>, width: number, height: number): string {
  const last = Math.max(1, dice.length - 1);
  return Array.from(dice, (value, i) => `${round((i / last) * width)},${round((1 - value) * height)}`).join(' ');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The step at a share of the line's width. */
export function stepAt(share: number, count: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * count);
}

export function makeCurve(context: Context): Curve {
  const { session } = context;
  const line = makeSvg('polyline', { class: 'dice-line' });
  const marker = makeSvg('line', { class: 'dice-marker', y1: 0, y2: HEIGHT });
  const plot = makeSvg('svg', { viewBox: `0 -3 ${WIDTH} ${HEIGHT + 6}`, preserveAspectRatio: 'none', 'aria-hidden': true });
  const grid = [0, 0.5, 1].map((share) => makeSvg('line', { class: 'dice-grid', x1: 0, x2: WIDTH, y1: share * HEIGHT, y2: share * HEIGHT }));
  plot.append(...grid, line, marker);
  const slider = make('div', { class: 'plot', role: 'slider', tabindex: 0, 'data-testid': 'dice-curve', 'aria-valuemin': 0 }, plot);
  const title = make('p', { class: 'label' });
  const reading = make('p', { class: 'fine' });
  const element = make('div', { class: 'curve', hidden: true }, title, slider, reading);
  let dice: Float32Array | undefined;

  const last = () => (dice?.length ?? 1) - 1;
  const scrub = (step: number) => {
    if (!dice || session.live) return;
    void askFrames(context);
    session.scrub(step >= last() ? undefined : Math.max(0, step));
  };
  const draw = () => {
    element.hidden = !dice;
    if (!dice) return;
    const step = Math.min(last(), session.step ?? last());
    const x = String((step / Math.max(1, last())) * WIDTH);
    for (const end of ['x1', 'x2']) marker.setAttribute(end, x);
    const value = say('diceAfter', dice[step]!.toFixed(3), step);
    slider.setAttribute('aria-valuemax', String(last()));
    slider.setAttribute('aria-valuenow', String(step));
    slider.setAttribute('aria-valuetext', value);
    setLabel(slider, say('diceCurve'));
    title.textContent = say('diceCurve');
    reading.textContent = value;
  };
  const follow = ({ clientX }: PointerEvent) => {
    const { left, width } = slider.getBoundingClientRect();
    scrub(stepAt((clientX - left) / width, last()));
  };
  slider.addEventListener('pointermove', follow);
  slider.addEventListener('pointerdown', follow);
  // What was pointed at was a look, not a choice.
  slider.addEventListener('pointerleave', ({ pointerType }) => pointerType === 'mouse' && scrub(last()));
  slider.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    scrub((session.step ?? last()) + by);
  });
  session.watch(({ step }) => step, draw);
  inWords(draw);
  return {
    element,
    show(values) {
      dice = values;
      if (values) line.setAttribute('points', pointsOf(values, WIDTH, HEIGHT));
      draw();
    },
  };
}
