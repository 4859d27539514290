// The guided tour: lights one part of the page after the other without hiding it from the pointer, and does in it what a
// lesson would do. Escape ends it, the arrow keys step; it remembers nothing.

import type { Context } from '../session/context.ts';
import { finished } from '../session/run.ts';
import { byId, make, makeButton } from '../ui/dom.ts';
import { tell } from '../ui/tell.ts';
import { inWords, say, type Key } from '../ui/words.ts';
import { STEPS, pause, segmentLabel, type Stand, type Step, slowly } from './tour-steps.ts';

/** Between the light and what it lies around, in pixels. */
const MARGIN = 6;
/** Between the window's edges and what is scrolled into view. */
const ROOM = 14;
/** Up to this width the card is a sheet at the bottom. */
const NARROW = 1020;

export class Tour {
  readonly #context: Context;
  readonly #stand: Stand;
  readonly #light = make('div', { class: 'tour-light', 'aria-hidden': true, hidden: true });
  readonly #count = make('p', { class: 'fine', 'data-testid': 'tour-count' });
  readonly #title = make('h2', { id: 'tour-title', tabindex: -1 });
  readonly #text = make('p', { 'data-testid': 'tour-text' });
  readonly #told = make('p', { class: 'tour-told', role: 'status', 'data-testid': 'tour-told' });
  readonly #do = makeButton({ class: 'primary', 'data-testid': 'tour-do' }, '', () => void this.#download());
  readonly #instead = makeButton({ 'data-testid': 'tour-replay' }, '', () => void this.#replay());
  readonly #back = makeButton({ 'data-testid': 'tour-back' }, '', () => void this.go(this.#at - 1));
  readonly #next = makeButton({ class: 'primary', 'data-testid': 'tour-next' }, '', () => void this.go(this.#at + 1));
  readonly #end = makeButton({ class: 'quiet', 'data-testid': 'tour-end' }, '', () => this.end());
  readonly #card: HTMLElement;
  #at = -1;
  #busy = false;
  #frame = 0;
  #lit = '';
  #from: HTMLElement | undefined;
  /** Plays the recording of the example; undefined where there is none. */
  recording: ((example: string) => Promise<void>) | undefined;

  constructor(context: Context, keep: () => void) {
    this.#context = context;
    this.#stand = { context, keep, base: undefined };
    this.#card = make(
      'section',
      { class: 'tour-card', id: 'lesson-tour', role: 'dialog', 'aria-labelledby': 'tour-title', 'data-testid': 'tour', hidden: true },
      make('div', { class: 'tour-head' }, this.#count, this.#end),
      this.#title,
      this.#text,
      this.#told,
      make('div', { class: 'tour-offer' }, this.#do, this.#instead),
      make('div', { class: 'tour-foot' }, this.#back, this.#next),
    );
    document.body.append(this.#light, this.#card);
    document.addEventListener('keydown', (event) => this.#press(event), { capture: true });
    inWords(() => this.#show());
  }

  get #step(): Step | undefined {
    return STEPS[this.#at];
  }

  async start(from: HTMLElement): Promise<void> {
    this.#from = from;
    this.#stand.base = undefined;
    this.#next.disabled = false;
    byId('tab-learn').click();
    document.body.dataset.touring = '';
    await this.go(0);
  }

  end(): void {
    if (!this.#step) return;
    this.#at = -1;
    this.#busy = false;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    pause();
    this.#context.viewer.cursor = undefined;
    this.#context.viewer.redraw();
    delete document.body.dataset.touring;
    this.#show();
    this.#from?.scrollIntoView({ block: 'center' });
    this.#from?.focus();
  }

  /** Shows a step and does what belongs to it. */
  async go(to: number): Promise<void> {
    if (this.#busy) return;
    if (to >= STEPS.length) return this.end();
    if (to < 0 || (to > this.#at && this.#next.disabled)) return;
    this.#at = to;
    this.#told.textContent = '';
    if (!this.#frame) this.#follow();
    await this.#act();
  }

  async #act(): Promise<void> {
    const step = this.#step!;
    this.#busy = true;
    this.#show();
    this.#focus();
    if (!this.#lacks(step) || step.name === 'segment') {
      try {
        const told = await step.act(this.#stand);
        if (this.#step === step) this.#told.textContent = told;
      } catch (error) {
        this.#told.textContent = tell(error);
      }
    }
    if (this.#step !== step) return;
    this.#busy = false;
    this.#show();
    // What came of it may have changed the layout: it is drawn first.
    requestAnimationFrame(() => this.#reveal());
    if (document.activeElement === document.body || this.#card.contains(document.activeElement)) this.#focus();
  }

  /** Whether something is missing that a step cannot do without. */
  #lacks(step: Step | undefined): boolean {
    if (step?.needs === 'mask') return !this.#stand.base;
    if (step?.needs === 'model') return !this.#context.engine || this.#stand.base?.engine === 'replay';
    return false;
  }

  /** Loads the model, whose size its button states, and goes on with the step. */
  async #download(): Promise<void> {
    const step = this.#step;
    if (this.#busy || !step) return;
    this.#busy = true;
    this.#show();
    const { actions, session } = this.#context;
    if (this.#stand.base) actions.say(this.#stand.base.prompt);
    await slowly(() => actions.segment());
    this.#busy = false;
    const run = finished(session.run);
    if (run && run.engine !== 'replay') this.#stand.base = run;
    if (this.#step === step) await this.#act();
  }

  async #replay(): Promise<void> {
    const { example, session } = this.#context;
    if (this.#busy || !example || !this.recording) return;
    await this.recording(example).catch((error: unknown) => this.#context.notifyError(error));
    this.#stand.base = finished(session.run);
    await this.#act();
  }

  #show(): void {
    const step = this.#step;
    this.#card.hidden = this.#light.hidden = !step;
    if (!step) return;
    const lacks = this.#lacks(step);
    this.#count.textContent = say('tourCount', this.#at + 1, STEPS.length);
    this.#title.textContent = say(`tour.${step.name}.title` as Key);
    this.#text.textContent = say(`tour.${step.name}.text` as Key);
    this.#end.textContent = say('tourEnd');
    this.#back.textContent = say('tourBack');
    this.#back.hidden = this.#at === 0;
    this.#next.textContent = say(this.#at + 1 === STEPS.length ? 'tourFinish' : 'tourNext');
    this.#do.hidden = !lacks || this.#busy;
    this.#do.textContent = segmentLabel();
    this.#instead.hidden = !lacks || this.#busy || step.needs !== 'mask' || !this.recording;
    this.#instead.textContent = say('tourReplay');
    // A step that needs the model may be passed over; without any mask there is nothing to go on with.
    this.#next.disabled = this.#busy || (lacks && step.needs === 'mask');
    this.#next.classList.toggle('primary', !lacks);
    this.#card.setAttribute('aria-busy', String(this.#busy));
    if (lacks && !this.#busy && step.needs === 'model') this.#told.textContent = say('needsModel');
  }

  #focus(): void {
    const button = [this.#do, this.#next].find(({ hidden, disabled }) => !hidden && !disabled);
    (button ?? this.#title).focus({ preventScroll: true });
  }

  #press(event: KeyboardEvent): void {
    if (!this.#step || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      return this.end();
    }
    const inCard = event.target === document.body || this.#card.contains(event.target as Node);
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || !inCard || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    void this.go(this.#at + by);
  }

  /** The part of the window that holds all targets that are there. */
  #rect(): DOMRect | undefined {
    const found = this.#step?.targets.flatMap((selector) => document.querySelector(selector) ?? []) ?? [];
    const boxes = found.map((element) => element.getBoundingClientRect()).filter(({ width, height }) => width > 0 && height > 0);
    const all = boxes.length > 0 ? boxes : [byId('stage').getBoundingClientRect()];
    const [left, top] = [Math.min(...all.map((box) => box.left)), Math.min(...all.map((box) => box.top))];
    return new DOMRect(left, top, Math.max(...all.map((box) => box.right)) - left, Math.max(...all.map((box) => box.bottom)) - top);
  }

  #reveal(): void {
    const rect = this.#rect();
    if (!rect) return;
    // The card lies beside what is narrow enough, else below it.
    const below = innerWidth <= NARROW || rect.width > innerWidth - this.#card.offsetWidth - 4 * ROOM;
    const room = innerHeight - (below ? this.#card.offsetHeight + ROOM : 0) - 2 * ROOM;
    const by = rect.top - ROOM - Math.max(0, (room - rect.height) / 2);
    const glides = Math.abs(by) < innerHeight && !matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (Math.abs(by) > 4) scrollBy({ top: by, behavior: glides ? 'smooth' : 'auto' });
  }

  /** Keeps the light where its targets are, and the card where it hides least of them. */
  #follow(): void {
    const rect = this.#rect();
    if (rect) {
      const place = [rect.left - MARGIN, rect.top - MARGIN, rect.width + 2 * MARGIN, rect.height + 2 * MARGIN].map(Math.round);
      if (this.#lit !== place.join()) {
        this.#lit = place.join();
        const { style } = this.#light;
        [style.left, style.top, style.width, style.height] = place.map((value) => `${value}px`) as [string, string, string, string];
        this.#card.dataset.side = rect.left + rect.width / 2 > innerWidth * 0.6 ? 'left' : 'right';
      }
    }
    this.#frame = requestAnimationFrame(() => this.#follow());
  }
}
