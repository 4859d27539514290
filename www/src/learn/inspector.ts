// The selected token: what the model considered for it, which code it took, and what was proposed in advance.

import { make, makeButton, setLabel } from '../ui/dom.ts';
import { addShortcuts } from '../ui/keys.ts';
import { inWords, say } from '../ui/words.ts';
import { entropy, expectedCosts, perplexity, rankOf, rowOf, tempered, topCodes } from './distribution.ts';
import { draftsOf, passOf } from './drafts.ts';
import { panel } from './explain.ts';
import { Memo } from './memo.ts';
import type { LearnState } from './state.ts';
import { percent, setCurrent } from './told.ts';

/** Codes that are shown, and one more for a picked one that is not among them. */
const TOP = 5;
const DIAL = { min: 0.1, max: 2, step: 0.05 };
const RULES = { most_probable: 'learn.mostProbable', least_error: 'learn.leastError', best_dice: 'learn.bestDice' } as const;

interface Row {
  button: HTMLButtonElement;
  patch: HTMLCanvasElement;
  bar: HTMLElement;
  number: HTMLElement;
  cost: HTMLElement;
  mark: HTMLElement;
  /** What a screen reader reads around the numbers. */
  told: HTMLElement[];
}

export class InspectorPanel {
  readonly #state: LearnState;
  readonly #back = makeButton({ class: 'icon', 'data-testid': 'learn-back' }, '‹', () => this.#move(-1));
  readonly #on = makeButton({ class: 'icon', 'data-testid': 'learn-on' }, '›', () => this.#move(1));
  readonly #place = make('p', { class: 'place', 'data-testid': 'learn-token', role: 'status' });
  readonly #edited = make('span', { class: 'tag', 'data-testid': 'learn-edited' });
  readonly #undo = makeButton({ class: 'link', 'data-testid': 'learn-undo' }, '', () => this.#state.context.session.undo());
  readonly #legend = make('p', { class: 'code columns fine', 'aria-hidden': true }, make('span'), make('span'));
  readonly #list = make('ul', { class: 'codes', 'data-testid': 'learn-codes' });
  readonly #rows = Array.from({ length: TOP + 1 }, () => this.#makeRow());
  readonly #rule = make('p', { class: 'fine', 'data-testid': 'learn-rule' });
  readonly #wait = make('p', { class: 'fine', 'data-testid': 'learn-wait' });
  readonly #dial = make('input', { type: 'range', ...DIAL, value: 1, id: 'learn-dial', 'data-testid': 'learn-dial' });
  readonly #dialLabel = make('label', { for: 'learn-dial', class: 'label' });
  readonly #dialValue = make('output', { for: 'learn-dial', class: 'number' });
  readonly #sure = make('p', { class: 'fine', 'data-testid': 'learn-entropy' });
  readonly #drafts = make('div', { class: 'drafts', 'data-testid': 'learn-drafts' });
  readonly #body: HTMLElement;
  readonly #drawn = new Memo();

  constructor(root: HTMLElement, state: LearnState) {
    this.#state = state;
    this.#list.append(...this.#rows.map(({ button }) => make('li', {}, button)));
    this.#body = make(
      'div',
      { class: 'considered' },
      this.#legend,
      this.#list,
      this.#rule,
      make('div', { class: 'dial' }, this.#dialLabel, this.#dialValue, this.#dial),
      this.#sure,
    );
    root.append(
      panel(
        'inspector',
        { title: 'learn.token', what: 'learn.tokenWhat', source: 'learn.tokenSource' },
        make('div', { class: 'selected' }, this.#back, this.#place, this.#on),
        make('p', { class: 'marks' }, this.#edited, this.#undo),
        this.#wait,
        this.#body,
        this.#drafts,
      ),
    );
    this.#dial.addEventListener('input', () => {
      state.temperature = this.#dial.valueAsNumber;
      state.changed();
    });
    addShortcuts(
      { key: 'j', what: 'learn.next', press: () => state.visible && this.#move(1) },
      { key: 'k', what: 'learn.previous', press: () => state.visible && this.#move(-1) },
    );
    state.onChange(() => this.#draw());
    inWords(() => {
      setLabel(this.#back, say('learn.previous'));
      setLabel(this.#on, say('learn.next'));
      this.#dialLabel.textContent = say('learn.temperature');
      this.#edited.textContent = say('learn.edited');
      this.#legend.firstElementChild!.textContent = say('learn.probability');
      this.#drawn.forget();
      state.changed();
    });
  }

  #makeRow(): Row {
    const patch = make('canvas', { class: 'patch' });
    const bar = make('span', { class: 'bar', 'aria-hidden': true });
    const [number, cost, mark] = [make('span', { class: 'number' }), make('span', { class: 'cost' }), make('span', { class: 'mark', 'aria-hidden': true })];
    const told = Array.from({ length: 3 }, () => make('span', { class: 'hidden' }));
    const content = make('span', { class: 'code' }, patch, bar, told[0]!, number, told[1]!, cost, told[2]!, mark);
    const button = makeButton({ 'data-testid': 'learn-code' }, content, () => {
      const { index, token, context } = this.#state;
      const code = Number(button.dataset.code);
      if (token?.token !== code) void context.actions.branch(index, code);
    });
    return { button, patch, bar, number, cost, mark, told };
  }

  #move(by: number): void {
    this.#state.select(this.#state.index + by);
  }

  #draw(): void {
    const state = this.#state;
    const { run, index, token, inspection, atlas, temperature, hides, round } = state;
    if (!run) return;
    this.#back.disabled = index === 0;
    this.#on.disabled = index === state.last;
    // Its probabilities are not told before somebody has guessed.
    this.#body.hidden = !inspection || !atlas || hides;
    this.#wait.textContent = state.waiting;
    this.#wait.hidden = !this.#body.hidden;
    if (!this.#drawn.changed(run, index, inspection, atlas, temperature, hides, round, state.context.session.undoLabel)) return;
    this.#drawPlace();
    this.#drawDrafts();
    if (inspection && atlas && !hides) this.#drawCodes(rowOf(inspection, index), token?.token);
  }

  #drawPlace(): void {
    const { run, index, context, hides } = this.#state;
    const { columns, total } = run!.started;
    const at = say('learn.rowColumn', Math.floor(index / columns) + 1, (index % columns) + 1);
    const pass = passOf(run!, index);
    const passes = pass && !hides ? ` · ${say('learn.passOf', pass.number, run!.passes.length)}` : '';
    this.#place.replaceChildren(say('learn.number', index + 1, total), make('span', { class: 'fine' }, at + passes));
    const edited = run!.edits.includes(index);
    this.#edited.hidden = !edited;
    const undo = context.session.live ? undefined : context.session.undoLabel;
    this.#undo.hidden = !(undo && run!.edits.length > 0);
    this.#undo.textContent = undo ? say('undo', undo) : '';
  }

  #drawCodes(p: Float32Array, picked: number | undefined): void {
    const { atlas, temperature, context, token } = this.#state;
    const shaped = tempered(p, temperature);
    const top = topCodes(p, TOP);
    const extra = picked !== undefined && !top.includes(picked) ? [picked] : [];
    const shown = [...top, ...extra];
    const { pick, dice_threshold: threshold } = context.bundle?.manifest ?? {};
    const weighed = pick === 'best_dice';
    const costs = expectedCosts(atlas!.codebook, p, shown, weighed ? threshold : 0.5);
    this.#legend.lastElementChild!.textContent = say(weighed ? 'learn.cost' : 'learn.wrongPixels');
    this.#rows.forEach(({ button, patch, bar, number, cost, mark, told }, i) => {
      const code = shown[i];
      button.parentElement!.hidden = code === undefined;
      if (code === undefined) return;
      atlas!.fill(patch, code);
      bar.style.setProperty('--share', String(shaped[code]!));
      bar.style.setProperty('--ghost', String(temperature === 1 ? -1 : p[code]!));
      number.textContent = percent(shaped[code]!);
      cost.textContent = costs[i]!.toFixed(1);
      const taken = code === picked;
      mark.textContent = taken ? '✓' : '';
      Object.assign(button.dataset, { code, probability: shaped[code]!, cost: costs[i]! });
      setCurrent(button, taken);
      button.disabled = context.session.live !== undefined;
      told[0]!.textContent = say('learn.codeLabel', code);
      told[1]!.textContent = say('learn.costLabel');
      told[2]!.textContent = say(taken ? 'learn.taken' : 'learn.take');
      button.title = say(taken ? 'learn.taken' : 'learn.take');
    });
    this.#rule.textContent = this.#ruleOf(p, picked, token?.given ?? false);
    this.#dialValue.textContent = temperature.toFixed(2);
    this.#sure.textContent = say('learn.entropy', entropy(shaped).toFixed(2), perplexity(shaped).toFixed(1));
  }

  /** By which rule the code was taken. */
  #ruleOf(p: Float32Array, picked: number | undefined, given: boolean): string {
    const { run, index, context } = this.#state;
    if (picked === undefined) return say('learn.notYet');
    const rank = rankOf(p, picked);
    if (run!.edits.includes(index)) return say('learn.byYou', rank);
    const { pick = 'most_probable', dice_threshold: threshold = 0.5 } = context.bundle?.manifest ?? {};
    const rule = say(RULES[pick], (2 - 2 * threshold).toFixed(1), (2 * threshold).toFixed(1));
    const stood = given ? ` ${say('learn.given')}` : '';
    return (rank === 1 ? say('learn.pickedFirst', rule) : say('learn.pickedOther', rule, rank)) + stood;
  }

  #drawDrafts(): void {
    const { run, index, atlas, hides } = this.#state;
    const found = passOf(run!, index);
    this.#drafts.hidden = hides || !found || !atlas;
    if (this.#drafts.hidden || !found || !atlas) return;
    const { pass } = found;
    const drafts = draftsOf(run!, pass);
    const accepted = drafts.filter((draft) => draft.accepted).length;
    const empty = pass.draftedBy === null && pass.count === run!.started.total && !run!.tokens[0]!.given;
    const what = run!.tokens[index]!.given
      ? say('learn.stood')
      : empty
        ? say('learn.nothingToDraw')
        : pass.draftedBy === null
          ? say('learn.noDrafts', pass.count)
          : say(pass.draftedBy === 'heads' ? 'learn.byHeads' : 'learn.byMarginals', drafts.length, accepted, pass.count);
    const items = drafts.map(({ code, index: of, accepted }) => {
      const patch = make('canvas', { class: 'patch' });
      atlas.fill(patch, code);
      const label = say(accepted ? 'learn.accepted' : 'learn.refused', of + 1, code);
      return make(
        'li',
        { 'data-accepted': String(accepted), title: label, 'aria-label': label, 'aria-current': of === index && 'true' },
        patch,
        make('span', { 'aria-hidden': true }, accepted ? '✓' : '×'),
      );
    });
    this.#drafts.replaceChildren(make('h3', {}, say('learn.drafts')), make('p', { class: 'fine' }, what), make('ul', {}, ...items));
  }
}
