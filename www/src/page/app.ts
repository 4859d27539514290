// The page: its state, the session on screen, and what its buttons do. It is the context that panels are given.

import { isAboutLungs, type Bundle } from '../bundle/bundle.ts';
import { isBundle, readBundle } from '../bundle/drop.ts';
import { LoadError, plainMessage } from '../bundle/loader.ts';
import { connectClinic, type Clinic } from '../clinic/clinic.ts';
import { lastResult, type LastResult } from '../clinic/record.ts';
import { Tools } from '../draw/tools.ts';
import { Viewer } from '../draw/viewer.ts';
import { parsePreference } from '../engine/choose.ts';
import type { EngineClient } from '../engine/client.ts';
import { isDisposed } from '../engine/gone.ts';
import type { Decode, SideConvention } from '../engine/messages.ts';
import { connectLearn } from '../learn/learn.ts';
import { connectLesson } from '../lesson/lesson.ts';
import { followLink } from '../lesson/links.ts';
import { openPicture, type Picture } from '../picture/picture.ts';
import { shownAspect } from '../picture/place.ts';
import { loadImaging, type Imaging } from '../picture/module.ts';
import { SURENESS, type Actions, type Context, type Pace } from '../session/context.ts';
import { packedOf } from '../session/document.ts';
import { areaOf } from '../session/mask.ts';
import { finished, type Run } from '../session/run.ts';
import { sceneNow } from '../session/scene.ts';
import { Session } from '../session/session.ts';
import { byId, fillPairs, settings } from '../ui/dom.ts';
import { bytes } from '../ui/format.ts';
import { addShortcuts, connectShortcuts } from '../ui/keys.ts';
import { tell } from '../ui/tell.ts';
import { inWords, say } from '../ui/words.ts';
import { connectView } from '../view/view.ts';
import { Decoding } from './decoding.ts';
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

export class App implements Context {
  readonly session = new Session();
  readonly viewer = new Viewer(byId('picture'), byId('mask-canvas'));
  readonly tools = new Tools(byId('mask-canvas'));
  readonly imaging: Imaging;
  readonly actions: Actions;
  #state: State = { name: 'probe' };
  /** Changes to a faster engine that is ready; called between decodings. */
  #adopt: (() => void) | undefined;
  /** Whether the engine may still hold memory for a picture that is no longer on screen. */
  #replaced = false;
  /** The model whose example and sentences are offered. */
  #offered: string | undefined;
  readonly #words = byId<HTMLSelectElement>('words-select');
  readonly #reading = new ReadingLine(() => this.engine, () => this.words);
  readonly #model: ModelHost;
  readonly #decoding: Decoding;
  readonly #pictures: PicturePanel;
  readonly #timeline: Timeline;
  readonly #settings: SettingsPanel;
  #clinic: Clinic | undefined;

  constructor(parts: ModelParts) {
    this.imaging = loadImaging(parts.base, parts.store, (size) => showNotice(size === undefined ? '' : say('imagingLoading', bytes(size))));
    this.#model = new ModelHost(parts, parsePreference(location.search), {
      dispatch: (event) => this.#dispatch(event),
      changed: () => {
        this.#settings.show();
        this.#offer();
        if (this.#state.name === 'idle' || this.#state.name === 'ready') this.#dispatch(this.#opened());
        this.#showTiming();
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
      read: (name, bytes) => openPicture(name, bytes, this.imaging),
      opened: (picture) => this.#show(picture),
      typed: () => void this.#reading.refresh(),
      // Without a model this would be a download that nobody asked for.
      sentence: () => this.engine && this.#segmentIfAllowed(),
      notify: (message) => showNotice(message),
      others: async (files) => (await this.#takeBundle(files)) || (await this.#clinic?.takeFiles(files)) || false,
      mask: async (file) => this.#clinic?.takeMask(file),
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

  get bundle(): Bundle | undefined {
    return this.engine && this.#model.bundle;
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

  tryOut(prompt: string): Promise<Run | undefined> {
    return this.#decoding.tryOut(prompt);
  }

  notify(message: string): void {
    showNotice(message);
  }

  notifyError(error: unknown): void {
    if (!isDisposed(error)) showNotice(tell(error));
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
    this.#clinic = connectClinic(this);
    connectLearn(this);
    connectLesson(this);
    connectShortcuts();
    session.watch(({ picture }) => picture, (picture) => {
      if (!picture) return;
      byId('stage').dataset.picture = picture.name;
      byId('picture-name').textContent = this.example ? '' : picture.name;
      byId('frame').style.setProperty('--aspect', String(shownAspect(picture)));
      viewer.show(picture.bitmap);
      this.#render();
    });
    for (const part of ['run', 'step', 'document', 'truth'] as const) session.watch((now) => now[part], () => this.#showRun());
    session.watch(({ document }) => document, () => this.#present());
    inWords(() => {
      this.#render();
      void this.#reading.refresh();
      this.#showRun();
      showSides(this.words);
    });
    // Pictures are there while WebGPU is tested: a driver that hangs takes seconds.
    const gallery = this.#pictures.openGallery();
    await this.#model.probed();
    this.#dispatch({ type: 'probed' });
    this.#offer();
    await gallery;
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
    this.#words.addEventListener('change', () => {
      settings.set('words', this.words);
      this.#useWords(this.words);
      const { run } = this.session;
      showNotice(run && run.words !== this.words ? say('otherWords') : '');
    });
    addShortcuts(
      { key: 'ctrl+Enter', what: 'segment', press: () => this.#segmentIfAllowed() },
      { key: 'Escape', what: 'stop', press: () => this.actions.stop() },
    );
  }

  /** Whose left "left" means from now on. */
  #useWords(words: SideConvention): void {
    this.#words.value = words;
    showSides(words);
    void this.#reading.refresh();
  }

  /** Radiologists speak of the patient's sides: so does the page of a file that names them, unless the user chose otherwise. */
  #proposeWords(picture: Picture): void {
    const chosen = settings.get('words');
    const named = picture.study?.info.orientation ? 'patient' : 'viewer';
    this.#useWords(chosen === 'viewer' || chosen === 'patient' ? chosen : named);
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
      sample: (options) => this.#decoding.sample(options),
      take: (tokens, label) => redo(label, () => this.#decoding.take(tokens, label)),
      say: (prompt) => (this.#pictures.text = prompt),
      openExample: (id) => this.#pictures.openExample(id),
      useModel: (id) => this.#model.listings.some((listing) => listing.id === id) && this.#model.choose(id),
      present: (run) => {
        if (isBusy(this.#state)) throw new Error(say('waitForEnd'));
        this.session.finish(run.prompt, run);
      },
      openFiles: (files) => this.#pictures.openFiles(files),
      openPicture: (picture) => {
        this.#decoding.stop();
        this.#show(picture);
      },
    };
  }

  /** The status line speaks of what is on screen: of another finding, of a mask that was corrected or taken back. */
  #present(): void {
    const { active, live } = this.session;
    if (live || isBusy(this.#state) || this.#state.name === 'error') return;
    if (!active) {
      if (this.#state.name === 'done' || this.#state.name === 'stopped') this.#dispatch(this.#opened());
      return;
    }
    const { tokens, started, outcome, words } = active.run;
    const { width, height } = outcome.result;
    if (words !== this.words) this.#useWords(words);
    if (outcome.stopped && !active.corrected) {
      this.#dispatch({ type: 'presentPartial', token: tokens.length, total: started.total });
    } else {
      this.#dispatch({ type: 'present', maskPixels: areaOf(packedOf(active)), pixels: width * height });
    }
  }

  #show(picture: Picture): void {
    this.session.open(picture);
    this.#proposeWords(picture);
    showNotice('');
    showPictureNotes(picture.notes);
    this.#model.propose(picture.kind);
    this.#replaced = true;
    this.#dispatch(this.#opened());
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
    if (!this.#replaced) return;
    this.#replaced = false;
    this.#model.giveBack().catch((error: unknown) => this.#fail(error));
  }

  #render(): void {
    render(this.#state, this.session.picture !== undefined, this.#model.listing !== undefined);
  }

  /** A bundle that the user brought; false where the files are none. */
  async #takeBundle(files: readonly File[]): Promise<boolean> {
    if (!(await isBundle(files))) return false;
    try {
      const bundle = await readBundle(files);
      this.#model.add(bundle);
      showNotice(say('ownModel', bundle.manifest.name));
    } catch (error) {
      showNotice(tell(error));
    }
    return true;
  }

  #opened(): Event {
    return { type: 'opened', modelLoaded: this.engine !== undefined };
  }

  /** Offers what the model understands that the next mask comes from. */
  #offer(): void {
    const { listing } = this.#model;
    if (!listing || listing.id === this.#offered) return;
    this.#offered = listing.id;
    this.#pictures.offer(listing.example, listing.aboutLungs);
  }

  #showTiming(): void {
    fillPairs(byId('timing'), timingRows(this.#model.timings, this.session.run, this.engine?.memory));
  }

  #showRun(): void {
    const { run } = this.session;
    this.viewer.scene = sceneNow(this.session);
    offerOverlays(this.viewer);
    // What is being decoded counts for itself, and takes no time yet.
    if (!this.session.live) {
      const { step } = this.session;
      byId('token-count').textContent = run ? say('tokensOf', step ?? run.tokens.length, run.started.total) : '';
      this.#showTiming();
    }
    if (run?.sampled && this.#state.name === 'sampling' && this.viewer.heat !== 'agreement') {
      showHeat(this.viewer, 'agreement');
    }
  }

  #started({ prompt, asked, picture, started: { readAs, hint, notes } }: Run): void {
    this.#reading.show(prompt, asked, readAs === null ? undefined : { readAs, hint });
    showPictureNotes([...picture.notes, ...notes]);
  }

  #fail(error: unknown, prefix = ''): void {
    this.session.live = undefined;
    const [remedy, before] = error instanceof LoadError ? [error.remedy, ''] : ['', prefix];
    const message = before + plainMessage(error);
    this.#dispatch({ type: 'fail', message, remedy });
  }

  #segmentIfAllowed(): void {
    if (!byId<HTMLButtonElement>('segment').disabled) void this.actions.segment();
  }
}
