// Masks that are drawn by chance, at the temperature of the dial.

import type { Picture } from '../picture/picture.ts';
import { mean, type Sampled } from '../session/run.ts';
import { make, makeButton, settings, setLabel } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { panel } from './explain.ts';
import type { LearnState } from './state.ts';
import { percent, setCurrent } from './told.ts';

const MASKS = 8;

export class SamplingPanel {
  readonly #state: LearnState;
  readonly #draw = makeButton({ class: 'grow', 'data-testid': 'learn-draw' }, '', () => void this.#sample());
  readonly #dice = makeButton({ class: 'icon', 'data-testid': 'learn-dice' }, '⚄', () => this.#roll());
  readonly #seed = make('span', { class: 'fine number', 'data-testid': 'learn-seed' });
  readonly #undo = makeButton({ class: 'link', 'data-testid': 'learn-undo-sample' }, '', () => this.#state.context.session.undo());
  readonly #told = make('p', { class: 'fine', role: 'status', 'data-testid': 'learn-agreement' });
  readonly #list = make('ul', { class: 'samples' });
  readonly #thumbs = Array.from({ length: MASKS }, (_, i) => this.#makeThumb(i));
  #number = Number(settings.get('seed') ?? 1) || 1;
  /** Of this picture and sentence; it stays while its masks are looked at. */
  #last: { sampled: Sampled; picture: Picture; asked: string } | undefined;
  #drawn: Sampled | undefined;
  /** The tokens on screen, and whether they are being decoded. */
  #taken: string | undefined;

  constructor(root: HTMLElement, state: LearnState) {
    this.#state = state;
    this.#list.append(...this.#thumbs.map(({ button }) => make('li', {}, button)));
    root.append(
      panel(
        'sampling',
        { title: 'learn.sampling', what: 'learn.samplingWhat', source: 'learn.samplingSource' },
        make('div', { class: 'row' }, this.#draw, this.#dice, this.#seed),
        this.#told,
        this.#list,
        make('p', { class: 'fine' }, this.#undo),
      ),
    );
    state.onChange(() => this.#show());
    inWords(() => {
      setLabel(this.#dice, say('learn.dice'), say('learn.dice'));
      this.#drawn = undefined;
      state.changed();
    });
  }

  #makeThumb(mask: number): { button: HTMLButtonElement; canvas: HTMLCanvasElement } {
    const canvas = make('canvas');
    return { canvas, button: makeButton({ 'data-testid': 'learn-sample' }, canvas, () => void this.#take(mask)) };
  }

  #roll(): void {
    this.#number = 1 + Math.floor(Math.random() * 9999);
    settings.set('seed', String(this.#number));
    this.#state.changed();
  }

  async #sample(): Promise<void> {
    const { context, temperature } = this.#state;
    this.#last = undefined;
    await context.actions.sample({ masks: MASKS, temperature, seed: this.#number });
    this.#state.changed();
  }

  async #take(mask: number): Promise<void> {
    const last = this.#last;
    if (!last) return;
    const { tokens, done } = last.sampled;
    await this.#state.context.actions.take(tokens.slice(mask * done, (mask + 1) * done), say('learn.tookSample', mask + 1));
  }

  #show(): void {
    const { run, done, atlas, temperature, context } = this.#state;
    if (run?.sampled) this.#last = { sampled: run.sampled, picture: run.picture, asked: run.asked };
    if (this.#last && (this.#last.picture !== run?.picture || this.#last.asked !== run.asked)) this.#last = undefined;
    const sampled = this.#last?.sampled;
    const complete = run !== undefined && sampled?.done === run.started.total;
    this.#draw.disabled = !done || done.outcome.stopped || (sampled !== undefined && !complete);
    this.#draw.textContent = say('learn.draw', MASKS, temperature.toFixed(2));
    this.#seed.textContent = say('learn.seed', this.#number);
    this.#list.hidden = this.#told.hidden = !sampled || !atlas;
    if (!sampled) this.#undo.hidden = true;
    const running = run?.tokens.map(({ token }) => token).join() ?? '';
    if (!sampled || !atlas || !run) return;
    const key = `${running} ${context.session.live !== undefined}`;
    if (sampled === this.#drawn && key === this.#taken) return;
    const { rows, columns, total } = run.started;
    const agreed = sampled.cells.filter((cell) => cell > 0);
    this.#told.textContent = say(
      'learn.agreed', sampled.done, total, percent(mean(agreed)), sampled.temperature.toFixed(2), sampled.seed,
    );
    let taken = false;
    this.#thumbs.forEach(({ button, canvas }, i) => {
      const tokens = sampled.tokens.subarray(i * sampled.done, (i + 1) * sampled.done);
      if (sampled !== this.#drawn) atlas.mask(canvas, tokens, columns, rows);
      button.disabled = !complete || context.session.live !== undefined;
      const current = complete && tokens.join() === running;
      taken ||= current;
      setCurrent(button, current);
      setLabel(button, say('learn.takeSample', i + 1), say('learn.takeSample', i + 1));
    });
    const undo = context.session.undoLabel;
    this.#undo.hidden = !taken || !done || undo === undefined;
    this.#undo.textContent = say('undo', undo ?? '');
    this.#drawn = sampled;
    this.#taken = key;
  }
}
