// Brush and eraser: they correct the mask of the active finding, at the picture's own size.

import type { Point, Tool } from '../draw/tools.ts';
import type { Context } from '../session/context.ts';
import { pixelsOf, withCorrection } from '../session/document.ts';
import { byId, make, makeButton, settings, setLabel, setPressed } from '../ui/dom.ts';
import { ARROWS, addShortcuts } from '../ui/keys.ts';
import { inWords, say } from '../ui/words.ts';
import { icon } from '../ui/icons.ts';
import { painted } from './stroke.ts';

/** Radius in shares of the picture's width. */
const [SMALLEST, LARGEST, FIRST] = [0.002, 0.15, 0.02];
const STEP = 1.25;
/** Where no tool of this file is chosen. */
const RESTING = 'read';

class BrushTool implements Tool {
  readonly name: 'brush' | 'eraser';
  readonly cursor = 'none';
  readonly #context: Context;
  readonly #radius: () => number;
  #stroke: Point[] | undefined;

  constructor(name: BrushTool['name'], context: Context, radius: () => number) {
    this.name = name;
    this.#context = context;
    this.#radius = radius;
  }

  hover(point: Point | undefined): void {
    this.#show(point);
  }

  down(point: Point): void {
    const { session, notify } = this.#context;
    if (session.live || !session.active) {
      notify(say(session.live ? 'paintLater' : 'segmentFirst'));
      return;
    }
    notify('');
    session.scrub(undefined);
    this.#stroke = [point];
    this.#show(point);
  }

  drag(point: Point, event: PointerEvent): void {
    // Browsers give one event a frame; a quick hand moves further meanwhile.
    const between = event.getCoalescedEvents?.() ?? [];
    this.#stroke?.push(...between.map((each) => this.#context.tools.at(each)), point);
    this.#show(point);
  }

  /** A second finger made another gesture of it. */
  cancel(): void {
    this.#stroke = undefined;
    this.#show(undefined);
  }

  /** Moves the brush in steps of its own size. */
  move(right: number, down: number): void {
    const { at = { x: 0.5, y: 0.5 } } = this.#context.viewer.brush ?? {};
    const { width, height } = this.#context.session.picture ?? { width: 1, height: 1 };
    const radius = this.#radius();
    const within = (value: number) => Math.min(1, Math.max(0, value));
    this.#show({ x: within(at.x + right * radius), y: within(at.y + (down * radius * width) / height) });
  }

  /** A dot where the brush is. */
  dab(): void {
    const { at } = this.#context.viewer.brush ?? {};
    if (!at) return this.move(0, 0);
    this.down(at);
    this.up(at);
  }

  up(point: Point): void {
    const stroke = this.#stroke;
    this.#stroke = undefined;
    this.#show(point);
    const { session } = this.#context;
    const { active } = session;
    if (!stroke || !active || session.live) return;
    const { width, height } = active.run.outcome.result;
    const before = pixelsOf(active);
    const points = stroke.map(({ x, y }) => ({ x: x * width, y: y * height }));
    const value = this.name === 'brush' ? 1 : 0;
    const after = painted({ pixels: before, width, height }, points, Math.max(0.5, this.#radius() * width), value);
    if (after === before) return;
    session.record(say(value ? 'brushStroke' : 'eraserStroke'), withCorrection(session.document, active.id, after, width, height));
  }

  #show(at: Point | undefined): void {
    const { viewer } = this.#context;
    viewer.brush = { at, radius: this.#radius(), erases: this.name === 'eraser', stroke: this.#stroke ?? [] };
    viewer.redraw();
  }
}

/** The buttons of both tools, what stands beside them, and the size of their circle. */
export function makeBrushes(context: Context, ...beside: HTMLElement[]): HTMLElement {
  const { tools, viewer } = context;
  const size = make('input', { type: 'range', min: 0, max: 100, step: 1, 'data-testid': 'brush-size' });
  const stored = Number(settings.get('brush') ?? NaN);
  size.value = String(stored >= 0 && stored <= 100 ? stored : positionOf(FIRST));
  const radius = () => SMALLEST * (LARGEST / SMALLEST) ** (size.valueAsNumber / 100);
  const resize = (factor: number) => {
    size.value = String(positionOf(radius() * factor));
    resized();
  };
  const resized = () => {
    settings.set('brush', size.value);
    if (viewer.brush) viewer.brush = { ...viewer.brush, radius: radius() };
    viewer.redraw();
  };
  size.addEventListener('input', resized);
  const both = (['brush', 'eraser'] as const).map((name) => new BrushTool(name, context, radius));
  for (const tool of both) tools.add(tool);
  connectKeys(() => both.find(({ name }) => name === tools.current));
  const choose = (name: string) => tools.select(tools.current === name ? RESTING : name);
  const button = (name: 'brush' | 'eraser') => makeButton({ class: 'icon', 'data-testid': name }, icon(name), () => choose(name));
  const [brush, eraser] = [button('brush'), button('eraser')];
  const label = make('label', { class: 'slider brush-size' }, make('span', { class: 'hidden' }), size);

  const show = () => {
    const { current } = tools;
    for (const [one, name] of [[brush, 'brush'], [eraser, 'eraser']] as const) {
      setPressed(one, current === name);
      setLabel(one, say(name), say(name === 'brush' ? 'brushTitle' : 'eraserTitle'));
    }
    label.firstElementChild!.textContent = say('brushSize');
    label.title = say('brushSize');
    label.hidden = current !== 'brush' && current !== 'eraser';
  };
  tools.onSelect((name) => {
    const paints = name === 'brush' || name === 'eraser';
    if (!paints) viewer.brush = undefined;
    // What is painted has to be seen.
    else if (viewer.mode === 'off') document.querySelector<HTMLElement>('input[name="overlay"][value="fill"]')?.click();
    viewer.redraw();
    show();
  });
  addShortcuts(
    { key: 'b', what: 'brush', press: () => choose('brush') },
    { key: 'e', what: 'eraser', press: () => choose('eraser') },
    { key: '[', what: 'brushSmaller', press: () => resize(1 / STEP) },
    { key: ']', what: 'brushLarger', press: () => resize(STEP) },
  );
  inWords(show);
  return make('div', { class: 'tool-group' }, brush, eraser, ...beside, label);
}

/** Where a radius is on the slider: each step makes it larger by the same share. */
function positionOf(radius: number): number {
  return Math.round((100 * Math.log(radius / SMALLEST)) / Math.log(LARGEST / SMALLEST));
}

/** On the picture, arrow keys move a chosen brush, in place of the cursor over its cells, and Space paints. */
function connectKeys(chosen: () => BrushTool | undefined): void {
  const press = (event: KeyboardEvent) => {
    const brush = chosen();
    const move = ARROWS[event.key];
    if (!brush || (!move && event.key !== ' ')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (move) brush.move(...move);
    else brush.dab();
  };
  byId('mask-canvas').addEventListener('keydown', press, { capture: true });
}
