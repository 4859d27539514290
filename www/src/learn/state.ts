// What the panels of this part share: the selected token, and what the engine told about it. The engine is asked only while
// the part is visible, one question at a time, and each answer is kept with its tokens.

import { isDisposed } from '../engine/gone.ts';
import type { Attention, Inspection, Token } from '../engine/messages.ts';
import { cellAt } from '../picture/place.ts';
import { putOn, type Picture } from '../picture/picture.ts';
import type { Context } from '../session/context.ts';
import { tokenIds, type FinishedRun, type Run } from '../session/run.ts';
import { sceneOf } from '../session/scene.ts';
import { say } from '../ui/words.ts';
import type { Where } from './heads.ts';
import { Atlas } from './patches.ts';

/** What is known about the tokens of a run. */
interface Known {
  inspection: Inspection;
  /** The tokens, as the engine was asked about them. */
  ids: Uint32Array;
  attention: Map<number, Attention>;
  /** The codes of the true mask, where there is one; null where it could not be encoded. */
  truth?: Uint32Array | null;
}

/** A round of the guessing game. */
export interface Round {
  index: number;
  codes: readonly number[];
  right: number;
  /** Missing until somebody guesses. */
  guessed?: number;
}

/** Runs whose inspections are kept. */
const KEPT = 4;

export class LearnState {
  readonly context: Context;
  temperature = 1;
  /** The attention that is drawn. */
  where: Where = {};
  /** Whether it is drawn on the picture too. */
  onPicture = false;
  round: Round | undefined;
  /** The picture as the model sees it. */
  seen: OffscreenCanvas | undefined;
  #index = 0;
  /** The user selected a token of this picture. */
  #chosen = false;
  #atlas: { key: string; atlas: Atlas } | undefined;
  #seenOf: Picture | undefined;
  readonly #known = new Map<Run['tokens'], Known>();
  /** What an engine could not answer; another may. */
  #failed: { engine: unknown; tokens: Run['tokens'] | undefined } | undefined;
  #asking = false;
  #frame = 0;
  readonly #panels: (() => void)[] = [];

  constructor(context: Context) {
    this.context = context;
    const { session } = context;
    session.watch(({ picture }) => picture, () => this.#forget());
    session.watch(({ run }) => run?.tokens, () => this.#follow());
    session.watch(({ live }) => live === undefined, () => this.#follow());
    session.watch(({ run }) => run, () => this.changed());
    session.watch(({ step }) => step, (step) => {
      if (step !== undefined && !this.round) this.#index = step;
      this.changed();
    });
    const left = () => {
      // Elsewhere nothing is to be guessed.
      if (!this.visible && this.hides) this.play(undefined);
      this.changed();
    };
    new MutationObserver(left).observe(document.body, { attributeFilter: ['data-tab'] });
  }

  get visible(): boolean {
    return document.body.dataset.tab === 'learn';
  }

  get run(): Run | undefined {
    return this.context.session.run;
  }

  /** The run, once the engine can be asked about it. */
  get done(): FinishedRun | undefined {
    return this.context.session.settled?.run;
  }

  /** The selected token. */
  get index(): number {
    return Math.min(this.#index, this.last);
  }

  /** The last token that can be selected: the next one, where a mask is not complete. */
  get last(): number {
    const { run } = this;
    if (!run) return 0;
    return Math.max(0, Math.min(run.started.total - 1, this.done ? run.tokens.length : run.tokens.length - 1));
  }

  get token(): Token | undefined {
    return this.run?.tokens[this.index];
  }

  /** Tokens that are drawn: all but those that are to be guessed. */
  get tokens(): readonly Token[] {
    const tokens = this.run?.tokens ?? [];
    return this.hides ? tokens.slice(0, this.round!.index) : tokens;
  }

  /** Whether the selected token is to be guessed. */
  get hides(): boolean {
    return this.round !== undefined && this.round.guessed === undefined;
  }

  get atlas(): Atlas | undefined {
    return this.#atlas?.atlas;
  }

  get inspection(): Inspection | undefined {
    return this.#about?.inspection;
  }

  /** Of the selected token. */
  get attention(): Attention | undefined {
    return this.#about?.attention.get(this.index);
  }

  /** The codes of the true mask. */
  get truth(): Uint32Array | undefined {
    return this.#about?.truth ?? undefined;
  }

  get #about(): Known | undefined {
    return this.done && this.#known.get(this.done.tokens);
  }

  /** Why there is nothing to show of the selected token yet, for people. */
  get waiting(): string {
    if (this.hides) return say('learn.hidden');
    if (!this.done) return say('learn.whileDecoding');
    return say(this.#ofLoadedModel(this.done) ? 'learn.asking' : 'learn.noModel');
  }

  select(index: number): void {
    if (this.hides) this.context.session.scrub(undefined);
    this.round = undefined;
    this.#chosen = true;
    this.#index = Math.min(Math.max(0, index), this.last);
    this.changed();
  }

  /** Selects the token of a point of the picture. */
  point(x: number, y: number): void {
    const { run } = this;
    const cell = run && cellAt(sceneOf(run).grid, x, y);
    // Tokens come in raster order.
    if (cell !== undefined) this.select(cell);
  }

  play(round: Round | undefined): void {
    this.round = round;
    if (round) this.#index = round.index;
    this.#chosen = true;
    this.context.session.scrub(round && round.guessed === undefined ? round.index : undefined);
    this.changed();
  }

  /** Calls `draw` whenever something changed, once a frame, while this part is visible. */
  onChange(draw: () => void): void {
    this.#panels.push(draw);
  }

  changed(): void {
    if (!this.visible || this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      for (const draw of this.#panels) draw();
      void this.#ask();
    });
  }

  #forget(): void {
    this.#index = 0;
    this.#chosen = false;
    this.round = undefined;
    this.#known.clear();
    this.changed();
  }

  /** Selects what a new list of tokens is about: the edit, the token written last, or the one that was hardest. */
  #follow(): void {
    const { run, done } = this;
    this.round = undefined;
    if (!run) return;
    if (!done) this.#index = Math.max(0, run.tokens.length - 1);
    else if (run.edits.length > 0) this.#index = run.edits.at(-1)!;
    else if (!this.#chosen) this.#index = hardest(run.tokens);
  }

  /** Asks the engine for what is missing, until nothing is. */
  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      while (this.visible && (await this.#askOne())) this.changed();
    } catch (error) {
      // Another engine may have taken its place, and is asked instead.
      if (isDisposed(error)) return this.changed();
      this.#failed = { engine: this.context.engine, tokens: this.done?.tokens };
      this.context.notifyError(error);
    } finally {
      this.#asking = false;
    }
  }

  /** The next question; whether there was one. */
  async #askOne(): Promise<boolean> {
    const { engine, bundle } = this.context;
    const run = this.done;
    if (!engine || !bundle || !run) return false;
    if (this.#failed?.engine === engine && this.#failed.tokens === run.tokens) return false;
    if (!this.#ofLoadedModel(run)) return false;
    const { bytes, name } = run.picture;
    const key = `${bundle.id} ${bundle.manifestHash}`;
    if (this.#atlas?.key !== key) {
      this.#atlas = { key, atlas: new Atlas(await engine.call('codebook')) };
      // Another model has other heads.
      this.where = {};
      return true;
    }
    if (this.#seenOf !== run.picture) {
      const { side, rgba } = await engine.call('see', bytes, name);
      this.seen = new OffscreenCanvas(side, side);
      putOn(this.seen, { width: side, height: side, rgba });
      this.#seenOf = run.picture;
      return true;
    }
    const known = this.#known.get(run.tokens);
    // Attention is about what was inspected last, which may have been another run, or for somebody else.
    if (!known || (engine.inspected !== known.ids && !known.attention.has(this.index))) {
      const ids = tokenIds(run);
      const inspection = await engine.call('inspect', bytes, name, run.asked, ids);
      if (known) known.ids = ids;
      else this.#keep(run.tokens, { inspection, ids, attention: new Map() });
      return true;
    }
    if (!known.attention.has(this.index)) {
      const { index } = this;
      known.attention.set(index, await engine.call('attention', index));
      return true;
    }
    if (known.truth === undefined && run.truth) {
      const { width, height } = run.outcome.result;
      const forced = engine.call('teacherForce', bytes, name, run.asked, run.truth, width, height);
      known.truth = (await forced.catch(() => undefined))?.truth ?? null;
      return true;
    }
    return false;
  }

  /** Only the model that made a mask can tell why. */
  #ofLoadedModel({ model }: Run): boolean {
    const { bundle } = this.context;
    return bundle !== undefined && bundle.id === model.id && bundle.manifestHash === model.manifestHash;
  }

  #keep(tokens: Run['tokens'], known: Known): void {
    this.#known.set(tokens, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT) this.#known.delete(oldest!);
  }
}

/** The token that the model was least sure of; the commonest code, which is nothing or all of a cell, has little to show. */
function hardest(tokens: readonly Token[]): number {
  const counts = new Map<number, number>();
  for (const { token } of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const commonest = [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
  const telling = tokens.filter(({ token }) => token !== commonest);
  const [first, ...others] = telling.length > 0 ? telling : tokens;
  return first ? others.reduce((least, token) => (token.probability < least.probability ? token : least), first).index : 0;
}
