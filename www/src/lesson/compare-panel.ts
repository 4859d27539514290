// Two decodings side by side: one that was kept, and the one on screen.

import { dice } from '../draw/dice.ts';
import type { Frames } from '../engine/messages.ts';
import type { Context } from '../session/context.ts';
import { finished, tokenIds, type FinishedRun, type Run } from '../session/run.ts';
import { fillPairs, make, makeButton, setLabel } from '../ui/dom.ts';
import { addShortcuts } from '../ui/keys.ts';
import { inWords, say } from '../ui/words.ts';
import { compareTokens, diceOfTruth, equalText, partingText } from './compare.ts';
import { MiniView, framesOfRun, sceneWith } from './mini.ts';

/** Tokens in a strip, about the one that was decoded last. */
const STRIP = 9;

interface Side {
  view: MiniView;
  title: HTMLElement;
  strip: HTMLElement;
  frames?: Frames | undefined;
}

export class ComparePanel {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #title = make('h2', { id: 'lesson-compare-title' });
  readonly #note = make('p', { class: 'fine' });
  readonly #keep: HTMLButtonElement;
  readonly #drop: HTMLButtonElement;
  readonly #pair: HTMLElement;
  readonly #sides: readonly [Side, Side];
  readonly #slider = make('input', { type: 'range', min: 0, max: 0, step: 1, 'data-testid': 'compare-scrub' });
  readonly #toParting: HTMLButtonElement;
  readonly #count = make('output', { class: 'counts' });
  readonly #figures = make('dl', { class: 'figures', 'data-testid': 'compare-figures' });
  readonly #legend = make('p', { class: 'fine' });
  #kept: FinishedRun | undefined;

  constructor(context: Context) {
    this.#context = context;
    this.#keep = makeButton({ 'data-testid': 'keep-run' }, '', () => this.keep());
    this.#drop = makeButton({ class: 'quiet', 'data-testid': 'drop-run' }, '', () => this.#forget());
    this.#toParting = makeButton({ 'data-testid': 'to-parting' }, '', () => this.#showParting());
    this.#sides = [makeSide('kept'), makeSide('present')];
    const sides = this.#sides.map(({ view, title, strip }) => make('div', { class: 'side-run' }, title, view.element, strip));
    const scrub = make('div', { class: 'lesson-scrub' }, this.#slider, this.#count, this.#toParting);
    this.#pair = make(
      'div',
      { class: 'lesson-pair-box' },
      make('div', { class: 'lesson-pair' }, ...sides),
      make('div', { class: 'pair-readings' }, scrub, this.#figures, this.#legend),
    );
    const row = make('div', { class: 'lesson-buttons' }, this.#keep, this.#drop);
    this.element = make(
      'section',
      { class: 'card', id: 'lesson-compare', 'data-testid': 'lesson-compare', 'aria-labelledby': 'lesson-compare-title' },
      this.#title,
      this.#note,
      row,
      this.#pair,
    );
    this.#slider.addEventListener('input', () => this.#draw());
    addShortcuts({ key: 'c', what: 'keepRun', press: () => this.keep() });
    const { session } = context;
    session.watch(({ picture }) => picture, () => this.#forget());
    session.watch(({ run }) => run, () => void this.#show());
    inWords(() => void this.#show());
  }

  /** The run on screen is kept beside those to come. */
  keep(): void {
    const run = finished(this.#context.session.run);
    if (!run) return;
    this.#kept = run;
    void this.#show();
  }

  #forget(): void {
    this.#kept = undefined;
    void this.#show();
  }

  /** Both runs, where there are two that can be compared. */
  get #runs(): readonly [FinishedRun, FinishedRun] | undefined {
    const present = finished(this.#context.session.run);
    const kept = this.#kept;
    if (!present || !kept || present.tokens === kept.tokens) return undefined;
    return present.started.columns === kept.started.columns && present.started.rows === kept.started.rows ? [kept, present] : undefined;
  }

  async #show(): Promise<void> {
    const runs = this.#runs;
    this.#title.textContent = say('compareTitle');
    this.#note.textContent = say(!this.#kept ? 'compareNote' : runs ? 'compareThese' : 'compareNext');
    this.#keep.textContent = say(this.#kept ? 'keepAnother' : 'keepRun');
    this.#keep.disabled = !finished(this.#context.session.run);
    this.#drop.textContent = say('forget');
    this.#drop.hidden = !this.#kept;
    this.#toParting.textContent = say('toParting');
    this.#legend.textContent = say('compareLegend');
    setLabel(this.#slider, say('timeline'));
    this.#pair.hidden = !runs;
    if (!runs) return;
    const count = Math.max(...runs.map(({ tokens }) => tokens.length));
    if (this.#slider.max !== String(count)) this.#slider.max = this.#slider.value = String(count);
    for (const side of this.#sides) side.frames = undefined;
    this.#slider.value = String(count);
    this.#draw();
    const frames = await Promise.all(runs.map((run) => framesOfRun(this.#context, run)));
    if (this.#runs?.[0] !== runs[0] || this.#runs[1] !== runs[1]) return;
    this.#sides.forEach((side, i) => (side.frames = frames[i]));
    this.#draw();
  }

  #showParting(): void {
    const runs = this.#runs;
    const parting = runs && compareTokens(tokenIds(runs[0]), tokenIds(runs[1])).parting;
    if (parting === undefined) return;
    this.#slider.value = String(parting + 1);
    this.#draw();
  }

  #draw(): void {
    const runs = this.#runs;
    if (!runs) return;
    const step = this.#slider.valueAsNumber;
    const [a, b] = runs.map((run) => tokenIds(run)) as [Uint32Array, Uint32Array];
    const agreement = compareTokens(a, b);
    const { parting } = agreement;
    runs.forEach((run, i) => this.#drawSide(this.#sides[i]!, run, runs[1 - i]!, step, parting));
    this.#count.textContent = say('tokensOf', step, runs[1].started.total);
    this.#toParting.disabled = parting === undefined;
    const pairs: [string, string][] = [
      [say('parting'), partingText(agreement, runs[0].started.columns)],
      [say('equalTokens'), equalText(agreement)],
    ];
    const [first, second] = runs.map(({ outcome }) => outcome.result.mask) as [Uint8Array, Uint8Array];
    if (first.length === second.length) pairs.push([say('diceBetween'), dice(first, second).toFixed(3)]);
    const [kept, present] = runs.map(diceOfTruth);
    if (kept !== undefined && present !== undefined) pairs.push([say('diceTruth'), `${kept.toFixed(3)} → ${present.toFixed(3)}`]);
    fillPairs(this.#figures, pairs);
  }

  #drawSide(side: Side, run: FinishedRun, other: FinishedRun, step: number, parting: number | undefined): void {
    const kept = run === this.#kept;
    side.title.textContent = `${say(kept ? 'keptRun' : 'presentRun')}: ${describe(run)}`;
    const shown: Run = side.frames ? { ...run, frames: side.frames } : run;
    const differing = run.tokens.filter(({ token, index }) => other.tokens[index] && other.tokens[index].token !== token);
    const cell = parting !== undefined && parting < step ? parting : undefined;
    const scene = sceneWith(shown, differing.map(({ index }) => index), Math.min(step, run.tokens.length));
    side.view.show(run.picture, scene, say(kept ? 'keptRun' : 'presentRun'), cell);
    // Once all are there, what counts is where they part.
    const centre = step >= run.tokens.length && parting !== undefined ? parting + 1 : step;
    const from = Math.max(0, Math.min(centre - Math.ceil(STRIP / 2), run.tokens.length - STRIP));
    side.strip.replaceChildren(
      ...run.tokens.slice(from, from + STRIP).map(({ token, index }) => {
        const differs = other.tokens[index]?.token !== token;
        const classes = [index === step - 1 && 'now', index >= step && 'pending', differs && 'differs', index === parting && 'parting'];
        return make('li', { class: classes.filter(Boolean).join(' '), title: `${index + 1}` }, String(token));
      }),
    );
  }
}

function makeSide(name: string): Side {
  return {
    view: new MiniView(`compare-${name}`),
    title: make('p', { class: 'run-title' }),
    strip: make('ol', { class: 'token-strip', 'data-testid': `strip-${name}` }),
  };
}

function describe({ prompt, edits }: Run): string {
  return edits.length > 0 ? `${prompt} (${say('editedToken', edits.map((index) => index + 1).join(', '))})` : prompt;
}
