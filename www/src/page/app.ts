// The page: its state, the session on screen, and what its buttons do. It is the context that panels are given.

import { isAboutLungs } from '../bundle/bundle.ts';
import { LoadError } from '../bundle/loader.ts';
import { connectClinic } from '../clinic/clinic.ts';
import { Tools } from '../draw/tools.ts';
import { Viewer } from '../draw/viewer.ts';
import { parsePreference } from '../engine/choose.ts';
import type { EngineClient } from '../engine/client.ts';
import type { Decode, SideConvention } from '../engine/messages.ts';
import { connectLearn } from '../learn/learn.ts';
import { connectLesson } from '../lesson/lesson.ts';
import { followLink } from '../lesson/links.ts';
import type { Actions, Context, Pace, SamplingOptions, TryOut } from '../session/context.ts';
import { countMask, finished, sceneOf, type Run } from '../session/run.ts';
import { Session } from '../session/session.ts';
import { byId, fillPairs, settings } from '../ui/dom.ts';
import { addShortcuts, connectShortcuts } from '../ui/keys.ts';
import { inWords, say } from '../ui/words.ts';
import { connectView } from '../view/view.ts';
import { Decoding } from './decoding.ts';
import { lastResult, type LastResult } from './export.ts';
import { ModelHost, type ModelParts } from './model-host.ts';
import { connectOverlayControls, offerOverlays, showHeat } from './panels/overlay.ts';
import { PicturePanel } from './panels/picture.ts';
import { ReadingLine } from './panels/reading.ts';
import { connectResult } from './panels/result.ts';
import { SettingsPanel } from './panels/settings.ts';
import { Timeline } from './panels/timeline.ts';
import { isBusy, next, type Event, type State } from './state.ts';
import { timingRows } from './timing.ts';
import { render, showNotice, showPictureNotes, showSides } from './view.ts';

declare global {
  interface Window {
    /** For tests: the last complete result. */
    __mriseg: { readonly last: LastResult | undefined };
  }
}

/** Masks that are sampled to see where they agree, as the model would draw them. */
const SURENESS: SamplingOptions = { masks: 8, temperature: 1, seed: 1 };

export class App implements Context {
  readonly session = new Session();
  readonly viewer = new Viewer(byId('picture'), byId('mask-canvas'));
  readonly tools = new Tools(byId('mask-canvas'));
  readonly actions: Actions;
  #state: State = { name: 'probe' };
  /** Changes to a faster engine that is ready; called between decodings. */
  #adopt: (() => void) | undefined;
  readonly #words = byId<HTMLSelectElement>('words-select');
  readonly #reading = new ReadingLine(() => this.engine, () => this.words);
  readonly #model: ModelHost;
  readonly #decoding: Decoding;
  readonly #pictures: PicturePanel;
  readonly #timeline: Timeline;
  readonly #settings: SettingsPanel;

  constructor(parts: ModelParts) {
    this.#model = new ModelHost(parts, parsePreference(location.search), {
      dispatch: (event) => this.#dispatch(event),
      changed: () => {
        this.#settings.show();
        this.#render();
        void this.#reading.refresh();
      },
      loaded: ({ manifest }) => this.#pictures.offer(manifest.example, isAboutLungs(manifest)),
      replaced: (why) => showNotice(say('gpuLost', why)),
      better: (adopt) => {
        this.#adopt = adopt;
        this.#adoptIfIdle();
      },
    });
    this.#decoding = new Decoding({
      session: this.session,
      model: this.#model,
      state: () => this.#state,
      dispatch: (event) => this.#dispatch(event),
      fail: (error, prefix) => this.#fail(error, prefix),
      choices: () => ({ decode: this.#decode, pace: this.#timeline.pace, words: this.words }),
      truth: async (prompt, width, height) =>
        this.session.truth ?? (await this.#pictures.truth(prompt, width, height)),
      started: (run) => this.#started(run),
      drawn: (then) => this.viewer.redraw(then),
    });
    this.#pictures = new PicturePanel(parts.base, {
      opening: () => this.#decoding.stop(),
      opened: (picture) => {
        this.session.open(picture);
        showNotice('');
        showPictureNotes([]);
        this.#model.propose(picture.kind);
        this.#dispatch({ type: 'opened', modelLoaded: this.engine !== undefined });
      },
      typed: () => void this.#reading.refresh(),
      sentence: () => this.#segmentIfAllowed(),
      failed: (message) => showNotice(message),
      others: () => Promise.resolve(false),
    });
    this.actions = this.#makeActions();
    this.#timeline = new Timeline(this, (pace: Pace) => this.#decoding.pace(pace));
    const attempt = (work: () => Promise<unknown>) => () => void work().catch((error: unknown) => this.#fail(error));
    this.#settings = new SettingsPanel(
      this.#model,
      parts.engines,
      attempt(() => this.#model.ensure()),
      attempt(() => this.#model.restart()),
    );
  }

  get engine(): EngineClient | undefined {
    return this.#model.client;
  }

  get words(): SideConvention {
    return this.#words.value as SideConvention;
  }

  get example(): string | undefined {
    return this.#pictures.example?.id;
  }

  get #decode(): Decode {
    return byId<HTMLSelectElement>('decode-select').value as Decode;
  }

  tryOut(prompt: string, options?: TryOut): Promise<Run | undefined> {
    return this.#decoding.tryOut(prompt, options);
  }

  notify(message: string): void {
    showNotice(message);
  }

  /** Connects everything and leaves the page in `idle`. */
  async begin(): Promise<void> {
    const { session, viewer } = this;
    window.__mriseg = {
      get last() {
        const run = finished(session.run);
        return run && !run.outcome.stopped ? lastResult(run) : undefined;
      },
    };
    this.#connectForm();
    connectOverlayControls(this);
    connectResult(this);
    connectView(this);
    connectClinic(this);
    connectLearn(this);
    connectLesson(this);
    connectShortcuts();
    session.watch(({ picture }) => picture, (picture) => {
      if (!picture) return;
      byId('frame').style.setProperty('--aspect', String(picture.width / picture.height));
      viewer.show(picture.bitmap);
      this.#render();
    });
    for (const part of ['run', 'step', 'active'] as const) session.watch((now) => now[part], () => this.#showRun());
    inWords(() => {
      this.#render();
      this.#showRun();
      showSides(this.words);
    });
    this.#dispatch({ type: 'probed' });
    await this.#pictures.openGallery();
    await followLink(this);
  }

  #connectForm(): void {
    byId('stop').addEventListener('click', () => this.actions.stop());
    byId('sample').addEventListener('click', () => void this.actions.sample(SURENESS));
    byId('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#segmentIfAllowed();
    });
    byId('prompt').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#segmentIfAllowed();
    });
    this.#words.value = settings.get('words') === 'patient' ? 'patient' : 'viewer';
    this.#words.addEventListener('change', () => {
      settings.set('words', this.words);
      showSides(this.words);
      void this.#reading.refresh();
    });
    addShortcuts(
      { key: 'Enter', what: 'segment', press: () => this.#segmentIfAllowed() },
      { key: 'Escape', what: 'stop', press: () => this.actions.stop() },
    );
  }

  #makeActions(): Actions {
    const redo = (label: string, work: (label: string) => Promise<void>) => {
      showNotice('');
      return work(label);
    };
    return {
      segment: async () => {
        await this.#pictures.opened;
        showNotice('');
        await this.#decoding.segment(this.#pictures.text);
      },
      stop: () => this.#decoding.stop(),
      pass: () => this.#decoding.pass(),
      branch: (index, token) => redo(say('editedToken', index + 1), (label) => this.#decoding.branch(index, token, label)),
      goOn: (count) => redo(say('continued'), (label) => this.#decoding.goOn(count, label)),
      sample: async (options) => {
        await this.#decoding.sample(options);
        if (this.session.run?.sampled) showHeat(this.viewer, 'agreement');
      },
      say: (prompt) => (this.#pictures.text = prompt),
      openExample: (id) => this.#pictures.openExample(id),
      useModel: (id) => this.#model.listings.some((listing) => listing.id === id) && this.#model.choose(id),
      present: (run) => {
        if (isBusy(this.#state)) throw new Error(say('waitForEnd'));
        const { mask, width, height } = run.outcome.result;
        this.session.finish(run.prompt, run);
        this.#dispatch({ type: 'present', maskPixels: countMask(mask), pixels: width * height });
      },
      openFiles: (files) => this.#pictures.openFiles(files),
    };
  }

  #dispatch(event: Event): void {
    this.#state = next(this.#state, event);
    this.#render();
    this.#adoptIfIdle();
  }

  #adoptIfIdle(): void {
    if (isBusy(this.#state)) return;
    const adopt = this.#adopt;
    this.#adopt = undefined;
    adopt?.();
  }

  #render(): void {
    render(this.#state, this.session.picture !== undefined, this.#model.listing !== undefined);
  }

  #showRun(): void {
    const { run, step } = this.session;
    this.viewer.scene = run && sceneOf(run, step);
    offerOverlays(this.viewer);
    // At every token of a decoding nothing in it changes.
    if (!this.session.live) fillPairs(byId('timing'), timingRows(this.#model.timings, run));
  }

  #started({ prompt, asked, started: { readAs, hint, notes } }: Run): void {
    this.#reading.show(prompt, asked, readAs === null ? undefined : { readAs, hint });
    showPictureNotes(notes);
  }

  #fail(error: unknown, prefix = ''): void {
    this.session.live = undefined;
    const message = prefix + (error instanceof Error ? error.message : String(error));
    const remedy = error instanceof LoadError ? error.remedy : '';
    this.#dispatch({ type: 'fail', message, remedy });
  }

  #segmentIfAllowed(): void {
    if (!byId<HTMLButtonElement>('segment').disabled) void this.actions.segment();
  }
}
