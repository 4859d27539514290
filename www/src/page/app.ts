// The page: its state, the run that it shows, and what its buttons do.

import { isAboutLungs, type Bundle } from '../bundle/bundle.ts';
import { LoadError } from '../bundle/loader.ts';
import { Viewer } from '../draw/viewer.ts';
import { EngineGone } from '../engine/client.ts';
import type { Decode, Progress } from '../engine/messages.ts';
import { byId, fillPairs } from './dom.ts';
import { lastResult, type LastResult } from './export.ts';
import { ModelPanel, type ModelParts } from './panels/model.ts';
import { connectOverlayControls, offerOverlays, showHeat } from './panels/overlay.ts';
import { PicturePanel } from './panels/picture.ts';
import { ReadingLine } from './panels/reading.ts';
import { connectDownloads, showResult } from './panels/result.ts';
import { countMask, finished, sceneOf, type FinishedRun, type Question, type Run } from './run.ts';
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
  readonly #reading = new ReadingLine((text) => this.#model.client?.ask('read', { text }));
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
      failed: (message) => showNotice(message),
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
      const request = { image: picture.bytes, imageName: picture.name, text: prompt, decode };
      const outcome = await client.ask('segment', request, (progress) => {
        if (!isVoid()) this.#advance(question, progress);
        else if (progress.kind === 'started') client.stop();
      });
      const { width, height } = outcome.result;
      const truth = this.#run && (await this.#pictures.truth(prompt, width, height));
      if (this.#run && !isVoid()) this.#finish({ ...this.#run, outcome, truth });
      else this.#abandon();
    } catch (error) {
      if (!(error instanceof EngineGone)) this.#fail(error, 'Not segmented: ');
    }
  }

  /** What a decoding tells on its way, into the run. */
  #advance(question: Question, progress: Progress): void {
    const run = this.#run;
    if (progress.kind === 'started') {
      const { started, prefillMs } = progress;
      this.#show({ ...question, started, prefillMs, tokens: [], lastPass: 0 });
      this.#dispatch({ type: 'token', token: 0, total: started.total });
      const { readAs, hint, notes } = started;
      this.#reading.show(question.prompt, readAs === null ? undefined : { readAs, hint });
      showPictureNotes(notes);
    } else if (run && progress.kind === 'tokens') {
      const tokens = [...run.tokens, ...progress.tokens];
      this.#show({ ...run, tokens, lastPass: progress.tokens.length });
      this.#dispatch({ type: 'token', token: tokens.length, total: run.started.total });
    } else if (run && progress.kind === 'mask') {
      this.#show({ ...run, partial: progress.mask });
      this.#viewer.redraw(() => this.#model.client?.frameDrawn());
    }
  }

  #finish(run: FinishedRun): void {
    this.#show(run);
    const { stopped, result } = run.outcome;
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

  /** Samples masks of what was segmented last and shows where they agree. */
  async #sample(): Promise<void> {
    const { client } = this.#model;
    const run = this.#run;
    const { turn } = this.#pictures;
    if (!client || !run || this.#state.name !== 'done') return;
    this.#dispatch({ type: 'sample', token: 0, total: run.started.total });
    const isVoid = () => this.#pictures.turn !== turn;
    try {
      const { bytes, name } = run.picture;
      const request = { image: bytes, imageName: name, text: run.prompt, samples: SAMPLES };
      const agreement = await client.ask('sample', request, (progress) => {
        if (progress.kind !== 'sampled' || isVoid()) return;
        this.#dispatch({ type: 'sample', token: progress.done, total: progress.total });
      });
      if (isVoid()) return this.#abandon();
      if (agreement) {
        this.#show({ ...run, agreement: agreement.cells });
        showHeat(this.#viewer, 'agreement');
      }
      this.#dispatch({ type: 'sampled' });
    } catch (error) {
      if (!(error instanceof EngineGone)) this.#fail(error, 'No samples: ');
    }
  }
}

function modelOf({ id, manifest, manifestHash }: Bundle): Question['model'] {
  return { id, name: manifest.name, manifestHash, sideConvention: manifest.side_convention };
}
