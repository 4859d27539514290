// The tokens as a line in time: play, pause, step and scrub through a mask that is decoded, and the pace of one that is
// being decoded.

import type { Context, Pace } from '../../session/context.ts';
import { askFrames } from '../../session/frames.ts';
import { byId, make, makeButton, settings, setLabel } from '../../ui/dom.ts';
import { icon, type Icon } from '../../ui/icons.ts';
import { addShortcuts } from '../../ui/keys.ts';
import { inWords, say } from '../../ui/words.ts';

/** Time of a whole mask while it is played. */
const PLAY_MS = 6000;

const PACES: readonly Pace[] = ['real', 'slow', 'step'];
const PACE_NAMES = { real: 'paceReal', slow: 'paceSlow', step: 'paceStep' } as const;

export class Timeline {
  readonly #context: Context;
  readonly #slider = make('input', { type: 'range', min: 0, max: 0, step: 1, id: 'scrub', 'data-testid': 'scrub' });
  readonly #play = makeButton({ class: 'icon', 'data-testid': 'play' }, '', () => this.#toggle());
  readonly #back = makeButton({ class: 'icon', 'data-testid': 'step-back' }, '', () => void this.step(-1));
  readonly #on = makeButton({ class: 'icon', 'data-testid': 'step-on' }, '', () => void this.step(1));
  readonly #next = makeButton({ 'data-testid': 'next-pass' }, '', () => this.#context.actions.pass());
  readonly #goOn = makeButton({ 'data-testid': 'go-on' }, '', () => void this.#continue());
  readonly #pace = make('select', { id: 'pace-select', 'data-testid': 'pace-select' });
  #playing = 0;

  /** `paced` hears when the pace of what is being decoded changes. */
  constructor(context: Context, paced: (pace: Pace) => void) {
    this.#context = context;
    this.#pace.append(...PACES.map((pace) => new Option('', pace)));
    const stored = settings.get('pace');
    if (PACES.includes(stored as Pace)) this.#pace.value = stored!;
    this.#pace.addEventListener('change', () => {
      settings.set('pace', this.pace);
      paced(this.pace);
      this.#show();
    });
    byId('timeline').append(this.#back, this.#play, this.#on, this.#slider, this.#next, this.#goOn, this.#pace);
    // Frames are asked for when they are about to be used.
    for (const event of ['pointerenter', 'focusin']) byId('timeline').addEventListener(event, () => void this.#frames());
    this.#slider.addEventListener('input', () => {
      // Showing the pause puts the slider where the session is.
      const step = this.#slider.valueAsNumber;
      this.#pause();
      this.#scrub(step);
    });
    addShortcuts(
      { key: ' ', what: 'play', press: () => this.#toggle() },
      { key: ',', what: 'stepBack', press: () => void this.step(-1) },
      { key: '.', what: 'stepOn', press: () => void this.step(1) },
    );
    const { session } = context;
    session.watch(({ run }) => run, () => this.#show());
    session.watch(({ step }) => step, () => this.#show());
    inWords(() => this.#show());
  }

  get pace(): Pace {
    return this.#pace.value as Pace;
  }

  /** Shows a token more or less; the next pass, where decoding waits for it. */
  async step(by: number): Promise<void> {
    const { session, actions } = this.#context;
    this.#pause();
    if (session.live) {
      if (by > 0) actions.pass();
      return;
    }
    const count = session.run?.tokens.length ?? 0;
    await this.#frames();
    this.#scrub(Math.min(count, Math.max(0, (session.step ?? count) + by)));
  }

  #scrub(step: number): void {
    const { session } = this.#context;
    void this.#frames();
    session.scrub(step >= (session.run?.tokens.length ?? 0) ? undefined : step);
  }

  #frames(): Promise<void> {
    return askFrames(this.#context);
  }

  async #continue(): Promise<void> {
    const { session, actions } = this.#context;
    await actions.goOn(session.step ?? session.run?.tokens.length ?? 0);
  }

  #toggle(): void {
    if (this.#playing) this.#pause();
    else void this.#start();
  }

  async #start(): Promise<void> {
    const { session } = this.#context;
    const run = session.settled?.run;
    if (!run) return;
    await this.#frames();
    const count = run.tokens.length;
    const first = session.step ?? 0;
    const begin = performance.now() - (first / count) * PLAY_MS;
    const advance = () => {
      const step = Math.min(count, Math.floor(((performance.now() - begin) / PLAY_MS) * count));
      if (session.run?.tokens !== run.tokens) return this.#pause();
      session.scrub(step >= count ? undefined : step);
      this.#playing = step >= count ? 0 : requestAnimationFrame(advance);
      this.#show();
    };
    this.#playing = requestAnimationFrame(advance);
  }

  #pause(): void {
    cancelAnimationFrame(this.#playing);
    this.#playing = 0;
    this.#show();
  }

  #show(): void {
    const { session } = this.#context;
    const { run, live, step } = session;
    const count = run?.tokens.length ?? 0;
    byId('timeline').hidden = !run;
    this.#slider.max = String(live ? live.started.total : count);
    this.#slider.value = String(step ?? count);
    setLabel(this.#slider, say('timeline'));
    this.#slider.setAttribute('aria-valuetext', say('tokensOf', step ?? count, run?.started.total ?? 0));
    for (const control of [this.#slider, this.#play, this.#back, this.#on]) control.disabled = live !== undefined || !run;
    dress(this.#back, 'stepBack', say('stepBack'));
    dress(this.#on, 'stepOn', say('stepOn'));
    dress(this.#play, this.#playing ? 'pause' : 'play', say(this.#playing ? 'pause' : 'play'));
    this.#next.hidden = !live || this.pace !== 'step';
    this.#next.textContent = say('nextPass');
    const pending = run && !live && (step ?? count) < run.started.total;
    this.#goOn.hidden = !pending;
    this.#goOn.textContent = say('continueHere');
    for (const option of this.#pace.options) option.textContent = say(PACE_NAMES[option.value as Pace]);
    setLabel(this.#pace, say('pace'));
  }
}

function dress(button: HTMLButtonElement, symbol: Icon, label: string): void {
  if (button.dataset.symbol !== symbol) {
    button.dataset.symbol = symbol;
    button.replaceChildren(icon(symbol));
  }
  setLabel(button, label, label);
}
