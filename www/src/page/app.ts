// The page: its state, and what its buttons do.

import { isAboutLungs, loadBundle, type Bundle, type BundleListing } from '../bundle/bundle.ts';
import { parsePreference, type Preference, type Probe } from '../engine/choose.ts';
import { byId, fillPairs } from './dom.ts';
import { EngineGone } from '../engine/client.ts';
import { ENGINE_NAMES, Engines, type EngineListing } from '../engine/engines.ts';
import { bytes } from './format.ts';
import { LoadError, type LoaderOptions } from '../bundle/loader.ts';
import type { Decode, Outcome, PartialMask } from '../engine/messages.ts';
import { connectOverlayControls, showAgreement } from './panels/overlay.ts';
import { PicturePanel } from './panels/picture.ts';
import { WHOLE, placeOf, type Box } from '../picture/place.ts';
import { ReadingLine } from './panels/reading.ts';
import { connectDownloads, hideResult, showResult, type FinishedRun } from './panels/result.ts';
import { countMask, lastResult, type LastResult, type Run } from './run.ts';
import { SAMPLES, canSegment, isBusy, next, type Event, type State } from './state.ts';
import type { ContentStore } from '../bundle/store.ts';
import { timingRows, type Timings } from './timing.ts';
import { render, showBadge, showNotice, showPictureNotes } from './view.ts';
import { Viewer } from '../draw/viewer.ts';

declare global {
  interface Window {
    /** For tests: the last complete result. */
    __mriseg: { last: LastResult | undefined };
  }
}

export interface AppParts {
  base: string;
  bundles: readonly BundleListing[];
  engines: EngineListing;
  probe: Probe;
  store: ContentStore;
}

export class App {
  #state: State = { name: 'probe' };
  #bundle: Bundle | undefined;
  #run: Run | undefined;
  #truth: Uint8Array | undefined;
  #timings: Timings = {};
  readonly #parts: AppParts;
  readonly #engines: Engines;
  readonly #viewer: Viewer;
  readonly #pictures: PicturePanel;
  readonly #reading = new ReadingLine((text) => this.#engines.active?.read(text));
  readonly #modelSelect = byId<HTMLSelectElement>('model-select');
  readonly #engineSelect = byId<HTMLSelectElement>('engine-select');
  readonly #decodeSelect = byId<HTMLSelectElement>('decode-select');

  constructor(parts: AppParts) {
    this.#parts = parts;
    this.#engines = new Engines(parts.base, parts.engines, parts.probe);
    this.#engines.onGone = (error) => void this.#recover(error);
    this.#viewer = new Viewer(byId('picture'), byId('mask-canvas'));
    this.#pictures = new PicturePanel(parts.base, {
      opening: () => this.#engines.active?.stop(),
      opened: ({ bitmap }) => {
        this.#forgetRun();
        showNotice('');
        showPictureNotes([]);
        void this.#reading.refresh();
        byId('frame').style.setProperty('--aspect', String(bitmap.width / bitmap.height));
        this.#viewer.show(bitmap);
        this.#render();
      },
      sentence: () => {
        void this.#reading.refresh();
        if (!byId<HTMLButtonElement>('segment').disabled) void this.#segment();
      },
      failed: (message) => showNotice(`${message} Open a PNG, JPEG or WebP picture.`),
    });
  }

  /** Connects everything and leaves the page in `idle`. */
  async begin(): Promise<void> {
    window.__mriseg = { last: undefined };
    this.#modelSelect.append(...this.#parts.bundles.map(({ id, title }) => new Option(title, id)));
    this.#engineSelect.value = parsePreference(location.search);
    this.#labelSizes();
    this.#modelSelect.addEventListener('change', () => this.#labelSizes());
    this.#engineSelect.addEventListener('change', () => void this.#switchEngine());
    byId('load-model').addEventListener('click', () => void this.#load());
    byId('stop').addEventListener('click', () => this.#engines.active?.stop());
    byId('sample').addEventListener('click', () => void this.#sample());
    byId('clear-cache').addEventListener('click', () => void this.#clearCache());
    byId('form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#segment();
    });
    byId('prompt').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (!byId<HTMLButtonElement>('segment').disabled) void this.#segment();
    });
    connectOverlayControls(this.#viewer, () => this.#showTruth());
    connectDownloads(() => (this.#run?.outcome ? (this.#run as FinishedRun) : undefined));
    this.#dispatch({ type: 'probed' });
    await this.#pictures.openGallery();
  }

  get #preference(): Preference {
    return this.#engineSelect.value as Preference;
  }

  #dispatch(event: Event): void {
    this.#state = next(this.#state, event);
    this.#render();
  }

  #render(): void {
    render(this.#state, this.#pictures.picture !== undefined);
    fillPairs(byId('timing'), timingRows(this.#timings));
  }

  #fail(error: unknown, prefix = ''): void {
    const message = prefix + (error instanceof Error ? error.message : String(error));
    const remedy = error instanceof LoadError ? error.remedy : '';
    const modelLoaded = this.#engines.active !== undefined;
    this.#dispatch({ type: 'fail', message, remedy, modelLoaded });
  }

  /** What the Load button and the engine menu would download, on their labels. */
  #labelSizes(): void {
    const listing = this.#parts.bundles.find(({ id }) => id === this.#modelSelect.value);
    const button = byId('load-model');
    if (!listing) {
      button.textContent = 'No model in this build';
      return;
    }
    const engine = this.#engines.size(this.#preference);
    button.textContent = `Load ${listing.title}: ${bytes(listing.bytes)} + ${bytes(engine)} engine`;
    for (const option of this.#engineSelect.options) {
      const file = option.value === 'auto' ? undefined : this.#parts.engines[option.value as 'cpu' | 'webgpu'];
      if (file) option.textContent = `${option.text.split(' (')[0]} (${bytes(file.wasm.bytes)})`;
    }
  }

  async #load(): Promise<void> {
    const listing = this.#parts.bundles.find(({ id }) => id === this.#modelSelect.value);
    if (!listing) return;
    showNotice('');
    this.#engines.stop();
    void this.#reading.refresh();
    this.#bundle = undefined;
    this.#timings = {};
    const total = listing.bytes + this.#engines.size(this.#preference);
    const loader = this.#loader(total);
    const begin = performance.now();
    try {
      this.#dispatch({ type: 'download', bytes: 0, total });
      this.#bundle = await loadBundle(this.#parts.base, listing.id, loader);
      const { cached, kept, manifest } = this.#bundle;
      this.#timings.download = { ms: performance.now() - begin, bytes: listing.bytes, cached };
      note(
        kept
          ? 'Models are kept in this browser for the next visit.'
          : 'This browser keeps no files for us (storage full or closed): the next visit downloads again.',
      );
      this.#pictures.offer(manifest.example, isAboutLungs(manifest));
      showSideConvention(manifest.side_convention);
      await this.#start(this.#bundle, loader);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Starts the engine for the chosen preference; `why` replaces the reason on the badge. */
  async #start(bundle: Bundle, loader: LoaderOptions, why?: string): Promise<void> {
    showBadge('Starting…', undefined);
    try {
      const report = await this.#engines.start(this.#preference, bundle, loader, (what) =>
        this.#dispatch({ type: 'prepare', what }),
      );
      const { engine, reason } = report.choice;
      const { compileMs, loadMs, warmUpMs } = report;
      const adapter = engine === 'webgpu' ? this.#parts.probe.detail : 'this computer\u2019s CPU, one thread, WebAssembly SIMD';
      this.#timings = { ...this.#timings, compileMs, loadMs, warmUpMs, adapter };
      const failure = report.failure ? ` (${report.failure})` : '';
      showBadge(`${ENGINE_NAMES[engine]} engine: ${why ?? reason}${failure}`, engine);
      void this.#reading.refresh();
      this.#dispatch({ type: 'prepared' });
    } catch (error) {
      showBadge('No engine', undefined);
      throw error;
    }
  }

  async #switchEngine(): Promise<void> {
    this.#labelSizes();
    if (this.#bundle) await this.#restart(this.#bundle);
  }

  async #restart(bundle: Bundle, why?: string): Promise<void> {
    const total = this.#engines.size(this.#preference);
    try {
      this.#dispatch({ type: 'prepare', what: 'the engine' });
      await this.#start(bundle, this.#loader(total), why);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The engine is gone: a GPU engine is replaced by the CPU one, the CPU engine must be loaded anew. */
  async #recover(error: EngineGone): Promise<void> {
    const wasGpu = byId('badge').dataset.engine === 'webgpu';
    showBadge('No engine', undefined);
    if (!wasGpu || !this.#bundle) {
      const message = `The engine stopped: ${error.message}.`;
      this.#dispatch({ type: 'fail', message, remedy: 'Press Load to start it again.', modelLoaded: false });
      return;
    }
    showNotice(
      `The GPU stopped working (${error.message.replace(/\.$/, '')}). The page goes on with the CPU engine: press Segment to decode again, or choose WebGPU to try the GPU once more.`,
    );
    this.#engineSelect.value = 'cpu';
    await this.#restart(this.#bundle, 'the GPU stopped working');
  }

  async #segment(): Promise<void> {
    await this.#pictures.opened;
    const client = this.#engines.active;
    const { picture, turn } = this.#pictures;
    if (!client || !picture || !this.#bundle || !canSegment(this.#state)) return;
    const { id, manifest, manifestHash } = this.#bundle;
    const model = { id, name: manifest.name, manifestHash, sideConvention: manifest.side_convention };
    this.#forgetRun();
    showNotice('');
    const prompt = this.#pictures.text;
    const decode = this.#decodeSelect.value as Decode;
    // Opening another picture makes this run void; its last events are still on their way then.
    const isVoid = () => this.#pictures.turn !== turn;
    this.#dispatch({ type: 'encode' });
    try {
      const outcome = await client.segment(picture.bytes, picture.name, prompt, decode, {
        started: (started, prefillMs) => {
          if (isVoid()) return client.stop();
          this.#timings.prefillMs = prefillMs;
          const cells = new Array(started.total).fill(undefined);
          this.#run = { imageName: picture.name, prompt, model, engine: client.engine, decode, started, cells, outcome: undefined, agreement: undefined };
          const { rows, columns, readAs, hint, notes } = started;
          const place = placeOf(started.square, picture.bitmap.width, picture.bitmap.height);
          this.#viewer.cells = { rows, columns, place, tokens: cells, run: 0, live: true };
          this.#viewer.redraw();
          this.#dispatch({ type: 'token', token: 0, total: started.total });
          this.#reading.show(prompt, readAs === null ? undefined : { readAs, hint });
          showPictureNotes(notes);
        },
        tokens: (tokens) => {
          const run = this.#run;
          const last = tokens.at(-1);
          if (!run || !last || isVoid()) return;
          for (const token of tokens) run.cells[token.row * run.started.columns + token.column] = token;
          if (this.#viewer.cells) this.#viewer.cells.run = tokens.length;
          this.#viewer.redraw();
          this.#dispatch({ type: 'token', token: last.index + 1, total: run.started.total });
        },
        mask: (mask) => {
          if (isVoid() || !this.#viewer.cells) return;
          this.#viewer.mask = layerOf(mask, this.#viewer.cells.place);
          this.#viewer.redraw(() => client.frameDrawn());
        },
      });
      const run: Run | undefined = this.#run;
      const truth = run && (await this.#pictures.truth(prompt, outcome.result.width, outcome.result.height));
      if (run && !isVoid()) this.#finish(run, outcome, truth);
      else this.#abandon();
    } catch (error) {
      if (!(error instanceof EngineGone)) this.#fail(error, 'Not segmented: ');
    }
  }

  /** Decodes masks by chance of what was segmented last and shows where they agree. */
  async #sample(): Promise<void> {
    const client = this.#engines.active;
    const run = this.#run as FinishedRun | undefined;
    const { picture, turn } = this.#pictures;
    if (!client || !picture || !run || this.#state.name !== 'done') return;
    this.#dispatch({ type: 'sample', token: 0, total: run.started.total });
    const isVoid = () => this.#pictures.turn !== turn;
    try {
      const agreement = await client.sample(picture.bytes, picture.name, run.prompt, SAMPLES, {
        sampled: (token, total) => {
          if (!isVoid()) this.#dispatch({ type: 'sample', token, total });
        },
      });
      if (isVoid()) return this.#abandon();
      if (agreement) {
        run.agreement = agreement.cells;
        showAgreement(this.#viewer, agreement.cells);
        showResult(run, this.#truth);
      }
      this.#dispatch({ type: 'sampled' });
    } catch (error) {
      if (!(error instanceof EngineGone)) this.#fail(error, 'No masks by chance: ');
    }
  }

  #abandon(): void {
    this.#forgetRun();
    this.#dispatch({ type: 'abandon' });
  }

  #finish(run: Run, outcome: Outcome, truth: Uint8Array | undefined): void {
    const { result, stopped, partial, decodeMs } = outcome;
    const tokens = result.tokens.length;
    this.#timings.decode = { ms: decodeMs, tokens, passes: result.passes };
    run.outcome = outcome;
    if (this.#viewer.cells) this.#viewer.cells.live = false;
    const { width, height } = result;
    this.#viewer.mask = stopped
      ? layerOf(partial, placeOf(run.started.square, width, height))
      : { field: result.mask.map((value) => value * 255), width, height, place: WHOLE };
    this.#truth = truth;
    byId('truth-toggle').hidden = truth === undefined;
    this.#showTruth();
    showResult(run as FinishedRun, truth);
    if (stopped) {
      this.#dispatch({ type: 'stop', token: tokens, total: run.started.total });
    } else {
      window.__mriseg.last = lastResult(outcome);
      this.#dispatch({ type: 'finish', maskPixels: countMask(result.mask), pixels: width * height });
    }
  }

  #showTruth(): void {
    const size = this.#run?.outcome?.result;
    const shown = byId<HTMLInputElement>('truth').checked && this.#truth && size;
    this.#viewer.truth = shown
      ? { field: this.#truth!.map((value) => value * 255), width: size.width, height: size.height, place: WHOLE }
      : undefined;
    this.#viewer.redraw();
  }

  #forgetRun(): void {
    this.#run = undefined;
    this.#truth = undefined;
    window.__mriseg.last = undefined;
    byId('truth-toggle').hidden = true;
    hideResult();
    showAgreement(this.#viewer, undefined);
    this.#viewer.clear();
  }

  #loader(total: number): LoaderOptions {
    let received = 0;
    return {
      store: this.#parts.store,
      fetch: (url, init) => fetch(url, init),
      onBytes: (count) => {
        received = Math.min(total, received + count);
        this.#dispatch({ type: 'download', bytes: received, total });
      },
    };
  }

  async #clearCache(): Promise<void> {
    if (isBusy(this.#state)) return;
    await this.#parts.store.clear();
    note('Cache cleared: the next load downloads again.');
  }
}

function note(text: string): void {
  byId('cache-note').textContent = text;
}

function layerOf({ probability, width, height }: PartialMask, place: Box) {
  return { field: probability, width, height, place };
}

function showSideConvention(convention: string): void {
  const viewer = convention === 'viewer';
  byId('side-note').textContent = viewer
    ? '“Left” means the left side of the picture, as you see it.'
    : '“Left” means the patient’s left, which is on the right side of the picture.';
  const [left, right] = viewer ? ['left', 'right'] : ['right', 'left'];
  document.querySelector('.side.left')!.textContent = left;
  document.querySelector('.side.right')!.textContent = right;
}
