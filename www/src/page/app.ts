// The page: its state, the run that it shows, and what its buttons do.

import { isAboutLungs, type Bundle } from '../bundle/bundle.ts';
import { LoadError } from '../bundle/loader.ts';
import { Viewer } from '../draw/viewer.ts';
import { EngineGone, type SegmentEvents } from '../engine/client.ts';
import type { Decode, Outcome } from '../engine/messages.ts';
import { byId, fillPairs } from './dom.ts';
import { lastResult, type LastResult } from './export.ts';
import { ModelPanel, type ModelParts } from './panels/model.ts';
import { connectOverlayControls, offerOverlays, showHeat } from './panels/overlay.ts';
import { PicturePanel } from './panels/picture.ts';
import { ReadingLine } from './panels/reading.ts';
import { connectDownloads, showResult } from './panels/result.ts';
import { beginRun, countMask, finished, sceneOf, type Question, type Run } from './run.ts';
import { SAMPLES, canSegment, next, type Event, type State } from './state.ts';
import { timingRows } from './timing.ts';
import { render, showNotice, showPictureNotes, showSideConvention } from './view.ts';

declare global {
  interface Window {
    /** For tests: the last complete result. */
    __mriseg: { readonly last: LastResult | undefined };
  }
}

export class App {
  #state: State = { name: 'probe' };
  #run: Run | undefined;
  readonly #viewer = new Viewer(byId('picture'), byId('mask-canvas'));
  readonly #reading = new ReadingLine((text) => this.#model.client?.read(text));
  readonly #model: ModelPanel;
  readonly #pictures: PicturePanel;

  constructor(parts: ModelParts) {
    this.#model = new ModelPanel(parts, {
      dispatch: (event) => this.#dispatch(event),
      failed: (error) => this.#fail(error),
      loaded: ({ manifest }) => {
        this.#pictures.offer(manifest.example, isAboutLungs(manifest));
        showSideConvention(manifest.side_convention);
      },
      engineChanged: () => void this.#reading.refresh(),
    });
    this.#pictures = new PicturePanel(parts.base, {
      opening: () => this.#model.client?.stop(),
      opened: ({ bitmap }) => {
        this.#show(undefined);
        showNotice('');
        showPictureNotes([]);
        void this.#reading.refresh();
        byId('frame').style.setProperty('--aspect', String(bitmap.width / bitmap.height));
        this.#viewer.show(bitmap);
        this.#render();
      },
      sentence: () => {
        void this.#reading.refresh();
        this.#segmentIfAllowed();
      },
      failed: (message) => showNotice(`${message} Open a PNG, JPEG or WebP picture.`),
    });
  }

  /** Connects everything and leaves the page in `idle`. */
  async begin(): Promise<void> {
    const shown = () => finished(this.#run);
    window.__mriseg = {
      get last() {
        const run = shown();
        return run && !run.outcome.stopped ? lastResult(run) : undefined;
      },
    };
    byId('stop').addEventListener('click', () => this.#model.client?.stop());
    byId('sample').addEventListener('click', () => void this.#sample());
    byId('form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#segment();
    });
    byId('prompt').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#segmentIfAllowed();
    });
    connectOverlayControls(this.#viewer);
    connectDownloads(shown);
    this.#dispatch({ type: 'probed' });
    await this.#pictures.openGallery();
  }

  #dispatch(event: Event): void {
    this.#state = next(this.#state, event);
    this.#render();
  }

  #render(): void {
    render(this.#state, this.#pictures.picture !== undefined);
    fillPairs(byId('timing'), timingRows(this.#model.timings, this.#run));
  }

  /** Shows `run`, or what has changed of it, or none. */
  #show(run: Run | undefined): void {
    this.#run = run;
    this.#viewer.scene = run && sceneOf(run);
    offerOverlays(this.#viewer);
    showResult(finished(run));
  }

  #fail(error: unknown, prefix = ''): void {
    const message = prefix + (error instanceof Error ? error.message : String(error));
    const remedy = error instanceof LoadError ? error.remedy : '';
    const modelLoaded = this.#model.client !== undefined;
    this.#dispatch({ type: 'fail', message, remedy, modelLoaded });
  }

  #segmentIfAllowed(): void {
    if (!byId<HTMLButtonElement>('segment').disabled) void this.#segment();
  }

  async #segment(): Promise<void> {
    await this.#pictures.opened;
    const { client, bundle } = this.#model;
    const { picture, turn, text: prompt } = this.#pictures;
    if (!client || !bundle || !picture || !canSegment(this.#state)) return;
    const decode = byId<HTMLSelectElement>('decode-select').value as Decode;
    const question = { picture, prompt, model: modelOf(bundle), engine: client.engine, decode };
    // Opening another picture makes this run void; its last events are still on their way then.
    const isVoid = () => this.#pictures.turn !== turn;
    this.#show(undefined);
    showNotice('');
    this.#dispatch({ type: 'encode' });
    try {
      const outcome = await client.segment(picture.bytes, picture.name, prompt, decode, this.#events(question, isVoid));
      const { width, height } = outcome.result;
      const truth = this.#run && (await this.#pictures.truth(prompt, width, height));
      if (this.#run && !isVoid()) this.#finish({ ...this.#run, outcome, truth }, outcome);
      else this.#abandon();
    } catch (error) {
      if (!(error instanceof EngineGone)) this.#fail(error, 'Not segmented: ');
    }
  }

  /** What the events of a decoding do to the run, unless it is void. */
  #events(question: Question, isVoid: () => boolean): SegmentEvents {
    const client = this.#model.client;
    return {
      started: (started, prefillMs) => {
        if (isVoid()) return client?.stop();
        this.#show(beginRun(question, started, prefillMs));
        this.#dispatch({ type: 'token', token: 0, total: started.total });
        const { readAs, hint, notes } = started;
        this.#reading.show(question.prompt, readAs === null ? undefined : { readAs, hint });
        showPictureNotes(notes);
      },
      tokens: (tokens) => {
        const run = this.#run;
        if (!run || isVoid()) return;
        this.#show({ ...run, tokens: [...run.tokens, ...tokens], lastPass: tokens.length });
        this.#dispatch({ type: 'token', token: run.tokens.length + tokens.length, total: run.started.total });
      },
      mask: (partial) => {
        if (!this.#run || isVoid()) return;
        this.#show({ ...this.#run, partial });
        this.#viewer.redraw(() => client?.frameDrawn());
      },
    };
  }

  #finish(run: Run, { stopped, result }: Outcome): void {
    this.#show(run);
    if (stopped) {
      this.#dispatch({ type: 'stop', token: run.tokens.length, total: run.started.total });
    } else {
      const { mask, width, height } = result;
      this.#dispatch({ type: 'finish', maskPixels: countMask(mask), pixels: width * height });
    }
  }

  #abandon(): void {
    this.#show(undefined);
    this.#dispatch({ type: 'abandon' });
  }

  /** Decodes masks by chance of what was segmented last and shows where they agree. */
  async #sample(): Promise<void> {
    const { client } = this.#model;
    const run = this.#run;
    const { turn } = this.#pictures;
    if (!client || !run || this.#state.name !== 'done') return;
    this.#dispatch({ type: 'sample', token: 0, total: run.started.total });
    const isVoid = () => this.#pictures.turn !== turn;
    try {
      const { bytes, name } = run.picture;
      const agreement = await client.sample(bytes, name, run.prompt, SAMPLES, {
        sampled: (token, total) => {
          if (!isVoid()) this.#dispatch({ type: 'sample', token, total });
        },
      });
      if (isVoid()) return this.#abandon();
      if (agreement) {
        this.#show({ ...run, agreement: agreement.cells });
        showHeat(this.#viewer, 'agreement');
      }
      this.#dispatch({ type: 'sampled' });
    } catch (error) {
      if (!(error instanceof EngineGone)) this.#fail(error, 'No masks by chance: ');
    }
  }
}

function modelOf({ id, manifest, manifestHash }: Bundle): Question['model'] {
  return { id, name: manifest.name, manifestHash, sideConvention: manifest.side_convention };
}
