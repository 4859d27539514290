// Does the mask fit the sentence, and did the sentence make the mask?

import { isDisposed } from '../engine/gone.ts';
import type { Check } from '../engine/messages.ts';
import type { Context } from '../session/context.ts';
import { pixelsOf, type Finding } from '../session/document.ts';
import type { Run } from '../session/run.ts';
import { byId, make, makeButton } from '../ui/dom.ts';
import { sentence } from '../ui/format.ts';
import { inWords, say, type Key } from '../ui/words.ts';
import { CHECK_NAMES } from './figures.ts';
import { icon } from '../ui/icons.ts';
import { changedNothing, influenceOf, type Influence } from './influence.ts';

export class ChecksPanel {
  readonly #context: Context;
  readonly #card = make('section', { class: 'card checks', 'aria-labelledby': 'checks-title' });
  readonly #title = make('h2', { id: 'checks-title' });
  readonly #list = make('ul', { class: 'check-list', 'data-testid': 'checks' });
  readonly #ask = makeButton({ 'data-testid': 'influence' }, '', () => void this.#asked());
  readonly #found = make('ul', { class: 'check-list', 'data-testid': 'influences', 'aria-live': 'polite' });
  readonly #note = make('p', { class: 'fine' });
  /** What the sentence did, by the tokens of its run. */
  readonly #known = new WeakMap<Run['tokens'], Influence[]>();
  #checks: readonly Check[] = [];
  #busy = false;
  #turn = 0;

  constructor(context: Context) {
    this.#context = context;
    this.#card.append(this.#title, this.#list, this.#ask, this.#found, this.#note);
    byId('clinic').append(this.#card);
    const { session } = context;
    session.watch(({ settled }) => settled, () => void this.#refresh());
    inWords(() => this.#show());
  }

  /** Of any finding; none where the sentences of the model are not about lungs. */
  async of(finding: Finding): Promise<readonly Check[]> {
    const { width, height } = finding.run.outcome.result;
    const checks = this.#context.engine?.call('checks', finding.run.prompt, pixelsOf(finding), width, height, finding.run.words);
    return (await checks?.catch(() => undefined)) ?? [];
  }

  async #refresh(): Promise<void> {
    const turn = ++this.#turn;
    const { session } = this.#context;
    const finding = session.settled;
    const checks = finding ? await this.of(finding) : [];
    if (turn !== this.#turn) return;
    this.#checks = checks;
    this.#show();
  }

  async #asked(): Promise<void> {
    const { session, notify } = this.#context;
    const run = session.active?.run;
    if (!run || session.live || this.#busy) return;
    this.#busy = true;
    this.#show();
    try {
      this.#known.set(run.tokens, await influenceOf(this.#context, run));
    } catch (error) {
      if (!isDisposed(error)) notify(say('influenceFailed', (error as Error).message));
    } finally {
      this.#busy = false;
      this.#show();
    }
  }

  #show(): void {
    const { session, viewer } = this.#context;
    const run = session.settled?.run;
    this.#card.hidden = !run;
    if (viewer.ghost) this.#ghost(undefined);
    if (!run) return;
    this.#title.textContent = say(this.#checks.length > 0 ? 'checksTitle' : 'influenceTitle');
    this.#list.hidden = this.#checks.length === 0;
    this.#list.replaceChildren(...this.#checks.map(({ kind, agrees, message }) => line(agrees, say(CHECK_NAMES[kind]), sentence(message))));
    const found = this.#known.get(run.tokens);
    this.#ask.textContent = say(this.#busy ? 'influenceBusy' : 'influenceTitle');
    this.#ask.disabled = this.#busy;
    this.#ask.hidden = found !== undefined;
    this.#found.hidden = !found;
    this.#found.replaceChildren(...(found ?? []).map((one) => this.#influence(one)));
    this.#note.textContent = say(!found ? 'influenceNote' : found.length > 0 ? 'influenceHover' : 'influenceNotTaken');
  }

  /** One line, which shows the other mask while somebody is on it. */
  #influence(one: Influence): HTMLLIElement {
    const nothing = changedNothing(one);
    const value = one.dice.toFixed(2);
    const text = nothing
      ? say(one.what === 'side' ? 'influenceSideNothing' : 'influenceNothing', value)
      : one.empty ? say('influenceEmpty') : one.none ? say('influenceNone') : say('influenceDice', value);
    const item = line(!nothing, say(one.what === 'side' ? 'otherSide' : 'noRequest'), `“${one.prompt}” ${text}`, nothing ? 'influenceWarns' : 'influenceFine');
    item.tabIndex = 0;
    item.dataset.what = one.what;
    for (const event of ['pointerenter', 'focus']) item.addEventListener(event, () => this.#ghost(one));
    for (const event of ['pointerleave', 'blur']) item.addEventListener(event, () => this.#ghost(undefined));
    return item;
  }

  #ghost(one: Influence | undefined): void {
    const { viewer } = this.#context;
    viewer.ghost = one?.layer;
    viewer.redraw();
  }
}

/** A tick or a warning sign, what it is about, and what was found. */
function line(agrees: boolean, about: string, text: string, told: Key = agrees ? 'checkAgrees' : 'checkDiffers'): HTMLLIElement {
  const sign = make('span', { class: 'sign' }, icon(agrees ? 'fits' : 'warning'), make('span', { class: 'hidden' }, say(told)));
  return make('li', { class: agrees ? 'check-agrees' : 'check-differs', 'data-agrees': String(agrees) }, sign, make('span', {}, make('b', {}, `${about} `), text));
}
