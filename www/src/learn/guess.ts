// The guessing game: which patch comes next?

import { askFrames } from '../session/frames.ts';
import { make, makeButton, setLabel } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { rowOf } from './distribution.ts';
import { panel } from './explain.ts';
import { CHOICES, NO_SCORE, choices, scored, worthGuessing } from './guessing.ts';
import type { LearnState } from './state.ts';
import { drawSurroundings } from './surroundings.ts';
import { percent } from './told.ts';

export class GuessPanel {
  readonly #state: LearnState;
  readonly #begin = makeButton({ class: 'grow', 'data-testid': 'learn-guess' }, '', () => void this.#start());
  readonly #here = makeButton({ 'data-testid': 'learn-guess-here' }, '', () => void this.#start(this.#state.index));
  readonly #place = make('canvas', { class: 'around', role: 'img' });
  readonly #list = make('ul', { class: 'choices' });
  readonly #choices = Array.from({ length: CHOICES }, (_, i) => this.#makeChoice(i));
  readonly #told = make('p', { role: 'status', 'data-testid': 'learn-told' });
  readonly #score = make('p', { class: 'fine', 'data-testid': 'learn-score' });
  readonly #game: HTMLElement;
  #total = NO_SCORE;
  /** Every round is another one, and the same after a reload. */
  #seed = 1;

  constructor(root: HTMLElement, state: LearnState) {
    this.#state = state;
    this.#list.append(...this.#choices.map(({ button }) => make('li', {}, button)));
    this.#game = make('div', { class: 'game' }, this.#place, this.#list);
    root.append(
      panel(
        'guess',
        { title: 'learn.guess', what: 'learn.guessWhat' },
        make('div', { class: 'row' }, this.#begin, this.#here),
        this.#game,
        this.#told,
        this.#score,
      ),
    );
    state.onChange(() => this.#draw());
    inWords(() => {
      this.#here.textContent = say('learn.guessHere');
      setLabel(this.#place, say('learn.around'));
      state.changed();
    });
  }

  #makeChoice(place: number) {
    const patch = make('canvas', { class: 'patch' });
    const number = make('span', { class: 'number' });
    const button = makeButton({ 'data-testid': 'learn-choice' }, make('span', { class: 'choice' }, patch, number), () => this.#guess(place));
    return { button, patch, number };
  }

  async #start(index?: number): Promise<void> {
    const state = this.#state;
    const { inspection, atlas, done, truth, context } = state;
    if (!inspection || !atlas || !done) return;
    const seed = this.#seed++;
    const of = index ?? worthGuessing(inspection, done.tokens.length, seed);
    const right = truth?.[of] ?? done.tokens[of]?.token;
    if (right === undefined) return;
    state.play({ index: of, codes: choices(atlas.codebook, rowOf(inspection, of), right, seed), right });
    // The stage shows the mask up to there.
    await askFrames(context);
  }

  #guess(place: number): void {
    const { round, inspection } = this.#state;
    const guessed = round?.codes[place];
    if (!round || round.guessed !== undefined || guessed === undefined || !inspection) return;
    const chance = rowOf(inspection, round.index)[round.right]!;
    this.#total = scored(this.#total, guessed === round.right, chance);
    this.#state.play({ ...round, guessed });
  }

  #draw(): void {
    const { round, inspection, atlas, seen, run, done, truth, index } = this.#state;
    const ready = inspection !== undefined && atlas !== undefined && seen !== undefined && done !== undefined;
    this.#begin.disabled = !ready || done.tokens.length === 0;
    this.#here.disabled = !ready || done.tokens[index] === undefined;
    this.#begin.textContent = say(round || this.#total.rounds > 0 ? 'learn.guessNext' : 'learn.guessBegin');
    this.#game.hidden = this.#told.hidden = !round || !ready;
    this.#score.hidden = this.#total.rounds === 0;
    const { rounds, yours, model } = this.#total;
    Object.assign(this.#score.dataset, { rounds, yours, model: model.toFixed(3) });
    this.#score.textContent = say('learn.score', yours, rounds, model.toFixed(1));
    if (!round || !ready || !run) return;
    const { columns, rows } = run.started;
    const over = round.guessed !== undefined;
    const place = { seen, atlas, columns, rows, index: round.index, tokens: run.tokens };
    drawSurroundings(this.#place, place, over ? round.right : undefined);
    const p = rowOf(inspection, round.index);
    this.#choices.forEach(({ button, patch, number }, i) => {
      const code = round.codes[i];
      button.parentElement!.hidden = code === undefined;
      if (code === undefined) return;
      atlas.fill(patch, code);
      number.textContent = over ? percent(p[code]!) : String(i + 1);
      button.disabled = over;
      button.dataset.code = String(code);
      button.dataset.state = !over ? 'open' : code === round.right ? 'right' : code === round.guessed ? 'wrong' : 'other';
      const label = say('learn.choice', i + 1);
      setLabel(button, over ? `${label}, ${number.textContent}` : label);
    });
    this.#told.textContent = this.#tell(p[round.right]!, truth !== undefined);
  }

  #tell(chance: number, known: boolean): string {
    const { guessed, right, index } = this.#state.round!;
    if (guessed === undefined) return say('learn.guessAsk', index + 1);
    const whose = say(known ? 'learn.rightTruth' : 'learn.rightModel');
    return say(guessed === right ? 'learn.hit' : 'learn.miss', whose, percent(chance));
  }
}
