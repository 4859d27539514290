// Decoding for the page: from a sentence, from an edited token, from where it was stopped, and on another engine when the
// first one dies. All of them decode behind a list of tokens; the list is all that has to be kept.

import type { EngineClient } from '../engine/client.ts';
import { EngineGone, isDisposed } from '../engine/gone.ts';
import type { Decode, Progress, SideConvention } from '../engine/messages.ts';
import type { Bundle } from '../bundle/bundle.ts';
import type { Picture } from '../picture/picture.ts';
import type { Pace, SamplingOptions } from '../session/context.ts';
import { countMask, tokenIds, withPass, type FinishedRun, type Question, type Run } from '../session/run.ts';
import type { Session } from '../session/session.ts';
import { say } from '../ui/words.ts';
import type { ModelHost } from './model-host.ts';
import { canSegment, type Event, type State } from './state.ts';

/** Between two passes of a slow decoding. */
const SLOW_MS = 120;

export interface DecodingParts {
  session: Session;
  model: ModelHost;
  state(): State;
  dispatch(event: Event): void;
  fail(error: unknown, prefix?: string): void;
  /** What the user chose for the next decoding. */
  choices(): { decode: Decode; pace: Pace; words: SideConvention };
  /** The right mask for a sentence about the picture on screen, where there is one. */
  truth(prompt: string, width: number, height: number): Promise<Uint8Array | undefined>;
  /** A decoding has read its picture and sentence. */
  started(run: Run): void;
  /** Draws what is there; calls back when it is drawn. */
  drawn(then: () => void): void;
}

/** What a decoding begins with beside its question. */
interface Begin {
  prefix: Uint32Array;
  edits: readonly number[];
  /** The step of the history that it becomes. */
  label: string;
}

export class Decoding {
  readonly #parts: DecodingParts;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(parts: DecodingParts) {
    this.#parts = parts;
  }

  /** A mask for `prompt`, from the first token on. */
  async segment(prompt: string): Promise<void> {
    const { session, model, state, dispatch, fail } = this.#parts;
    const { picture } = session;
    if (!picture || !canSegment(state())) return;
    const isVoid = () => session.picture !== picture;
    try {
      const { client, bundle } = await model.ensure();
      if (isVoid()) return;
      dispatch({ type: 'encode' });
      const question = await this.#question(client, bundle, picture, prompt);
      await this.#run(question, { prefix: new Uint32Array(), edits: [], label: prompt });
    } catch (error) {
      if (!isVoid() || state().name !== 'ready') fail(error, 'Not segmented: ');
    }
  }

  /** The run on screen with another token in one place, and what follows of it. */
  async branch(index: number, token: number, label: string): Promise<void> {
    const { run } = this.#parts.session;
    if (!run) return;
    const prefix = Uint32Array.of(...tokenIds(run, index), token);
    const edits = [...run.edits.filter((edit) => edit < index), index];
    await this.#again(run, { prefix, edits, label });
  }

  /** What is missing behind the first `count` tokens of the run on screen. */
  async goOn(count: number, label: string): Promise<void> {
    const { run } = this.#parts.session;
    if (!run) return;
    const edits = run.edits.filter((edit) => edit < count);
    await this.#again(run, { prefix: tokenIds(run, count), edits, label });
  }

  /** Tokens that were drawn by chance, as the run on screen. */
  async take(tokens: Uint32Array, label: string): Promise<void> {
    const { run } = this.#parts.session;
    if (run) await this.#again(run, { prefix: tokens, edits: [], label });
  }

  stop(): void {
    this.#parts.model.client?.stop();
  }

  pass(): void {
    this.#parts.model.client?.pass();
  }

  /** How fast the decoding that runs goes on. */
  pace(pace: Pace): void {
    const { client } = this.#parts.model;
    clearInterval(this.#timer);
    client?.pace(pace !== 'real');
    if (pace === 'slow') this.#timer = setInterval(() => client?.pass(), SLOW_MS);
  }

  /** Masks of the run on screen, drawn by chance. */
  async sample({ masks, temperature, seed }: SamplingOptions): Promise<void> {
    const { session, model, state, dispatch, fail, drawn } = this.#parts;
    const { run } = session;
    const { client } = model;
    if (!client || !run || state().name !== 'done') return;
    const isVoid = () => session.picture !== run.picture;
    dispatch({ type: 'sample', token: 0, total: run.started.total });
    try {
      const { bytes: image, name: imageName } = run.picture;
      const show = (agreement: { mean: Uint8Array; cells: Float32Array; samples: Uint32Array; sampled: number }) => {
        const { mean, cells, samples: tokens, sampled: done } = agreement;
        session.learn(run, (known) => ({ ...known, sampled: { masks, temperature, seed, mean, cells, done, tokens } }));
      };
      const request = { image, imageName, text: run.asked, samples: masks, temperature, seed };
      const { agreement } = await client.ask('sample', request, (progress) => {
        if (isVoid()) return;
        if (progress.kind === 'sampled') dispatch({ type: 'sample', token: progress.done, total: progress.total });
        if (progress.kind !== 'agreement') return;
        show(progress.agreement);
        drawn(() => client.frameDrawn());
      });
      if (isVoid()) return dispatch({ type: 'abandon' });
      show(agreement);
      dispatch({ type: 'sampled' });
    } catch (error) {
      // A GPU engine that is gone is replaced, and that is told; a CPU engine is not.
      if (!(error instanceof EngineGone) || client.engine === 'cpu') fail(error, 'No samples: ');
    }
  }

  /** A decoding that is not shown. */
  async tryOut(prompt: string): Promise<Run | undefined> {
    const { session, model } = this.#parts;
    const { client, bundle } = model;
    const { picture } = session;
    if (!client || !bundle || !picture) return undefined;
    try {
      const question = await this.#question(client, bundle, picture, prompt);
      return await ask(client, question, { prefix: new Uint32Array(), edits: [] }, false, (_, { kind }) => {
        if (kind === 'mask') client.frameDrawn();
      });
    } catch (error) {
      // An engine that took its place is asked instead.
      if (!isDisposed(error) || !model.client || session.picture !== picture) throw error;
      return this.tryOut(prompt);
    }
  }

  async #question(client: EngineClient, bundle: Bundle, picture: Picture, prompt: string): Promise<Question> {
    const { decode, words } = this.#parts.choices();
    const { id, manifest, manifestHash } = bundle;
    const model = { id, name: manifest.name, manifestHash, sideConvention: manifest.side_convention };
    const asked = words === manifest.side_convention ? prompt : (await client.call('inConvention', prompt, words)).text;
    const own = asked === prompt ? undefined : await client.call('read', prompt);
    return { picture, prompt, words, asked, own, model, engine: client.engine, decode };
  }

  /** Decodes for the question of an earlier run. */
  async #again(run: Run, begin: Begin): Promise<void> {
    const { state, dispatch, fail, model } = this.#parts;
    if (!canSegment(state())) return;
    try {
      // A click that does not state its size downloads nothing.
      if (run.engine === 'replay' && !model.client) throw new Error(say('needsModel'));
      const { client } = await model.ensure();
      dispatch({ type: 'encode' });
      const { picture, prompt, words, asked, own, model: name } = run;
      const { decode } = this.#parts.choices();
      await this.#run({ picture, prompt, words, asked, own, model: name, engine: client.engine, decode }, begin);
    } catch (error) {
      fail(error, 'Not segmented: ');
    }
  }

  /** Decodes and shows it; on the engine that takes over where the first is lost, from the tokens that are there. */
  async #run(question: Question, begin: Begin): Promise<void> {
    const { session, model, dispatch } = this.#parts;
    const isVoid = () => session.picture !== question.picture;
    for (let { prefix } = begin; ; ) {
      const { client } = await model.ensure();
      try {
        const run = await this.#decode(client, { ...question, engine: client.engine }, { ...begin, prefix }, isVoid);
        if (run && !isVoid()) await this.#finish(run, begin.label);
        else this.#abandon();
        return;
      } catch (error) {
        if (!(error instanceof EngineGone) || client.engine === 'cpu') throw error;
        // Another engine goes on behind what the lost one gave.
        if (session.live && session.live.tokens.length > prefix.length) prefix = tokenIds(session.live);
        await model.ensure();
        if (isVoid()) return this.#abandon();
        dispatch({ type: 'encode' });
      } finally {
        clearInterval(this.#timer);
      }
    }
  }

  #decode(client: EngineClient, question: Question, begin: Begin, isVoid: () => boolean): Promise<FinishedRun | undefined> {
    const { session, dispatch, started, drawn, choices } = this.#parts;
    return ask(client, question, begin, choices().pace !== 'real', (run, { kind }) => {
      if (isVoid()) {
        if (kind === 'started') client.stop();
        return;
      }
      session.live = run;
      if (kind === 'started') {
        started(run);
        this.pace(choices().pace);
      }
      dispatch({ type: 'token', token: run.tokens.length, total: run.started.total });
      if (kind === 'mask') drawn(() => client.frameDrawn());
    });
  }

  async #finish(run: FinishedRun, label: string): Promise<void> {
    const { session, dispatch, truth } = this.#parts;
    const { stopped, result } = run.outcome;
    const { mask, width, height } = result;
    const known = await truth(run.prompt, width, height);
    if (session.picture !== run.picture) return this.#abandon();
    session.finish(label, { ...run, truth: known });
    if (stopped) dispatch({ type: 'stop', token: run.tokens.length, total: run.started.total });
    else dispatch({ type: 'finish', maskPixels: countMask(mask), pixels: width * height });
  }

  #abandon(): void {
    this.#parts.session.live = undefined;
    this.#parts.dispatch({ type: 'abandon' });
  }
}

/** Decodes; `hear` is given the run so far with each part of it. */
async function ask(
  client: EngineClient,
  question: Question,
  { prefix, edits }: Omit<Begin, 'label'>,
  paced: boolean,
  hear: (run: Run, progress: Progress) => void,
): Promise<FinishedRun | undefined> {
  const { picture, asked: text, decode } = question;
  const request = { image: picture.bytes, imageName: picture.name, text, decode, prefix, paced };
  let run: Run | undefined;
  const outcome = await client.ask('segment', request, (progress) => {
    run = advanced(run, question, progress, edits);
    if (run) hear(run, progress);
  });
  return run && { ...run, outcome };
}

/** A run with what its decoding told next. */
function advanced(run: Run | undefined, question: Question, progress: Progress, edits: readonly number[]): Run | undefined {
  switch (progress.kind) {
    case 'started': {
      const { prefillMs } = progress;
      // What people are told is how their own words are understood.
      const started = question.own ? { ...progress.started, ...question.own } : progress.started;
      return { ...question, started, prefillMs, tokens: [], passes: [], edits };
    }
    case 'pass':
      return run && withPass(run, progress.pass);
    case 'mask':
      return run && { ...run, partial: progress.mask };
    default:
      return run;
  }
}
