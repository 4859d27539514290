// The model and the engine that runs it: choosing, loading, and replacing an engine that died.

import { loadBundle, type Bundle, type BundleListing } from '../../bundle/bundle.ts';
import { groupLoads, type LoaderOptions } from '../../bundle/loader.ts';
import type { ContentStore } from '../../bundle/store.ts';
import { parsePreference, type Preference, type Probe } from '../../engine/choose.ts';
import { EngineClient, type EngineGone } from '../../engine/client.ts';
import { ENGINE_NAMES, Engines, type EngineListing } from '../../engine/engines.ts';
import type { EngineKind } from '../../engine/messages.ts';
import { byId } from '../dom.ts';
import { bytes } from '../format.ts';
import type { Event } from '../state.ts';
import type { ModelTimings } from '../timing.ts';
import { showBadge, showNotice } from '../view.ts';

export interface ModelParts {
  base: string;
  bundles: readonly BundleListing[];
  engines: EngineListing;
  probe: Probe;
  store: ContentStore;
}

export interface ModelEvents {
  dispatch(event: Event): void;
  failed(error: unknown): void;
  /** A bundle is there; its engine starts next. */
  loaded(bundle: Bundle): void;
  /** Another engine answers, or none does any more. */
  engineChanged(): void;
}

export class ModelPanel {
  bundle: Bundle | undefined;
  timings: ModelTimings = {};
  readonly #parts: ModelParts;
  readonly #events: ModelEvents;
  readonly #engines: Engines;
  readonly #bundles = byId<HTMLSelectElement>('model-select');
  readonly #preferences = byId<HTMLSelectElement>('engine-select');

  constructor(parts: ModelParts, events: ModelEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#engines = new Engines(parts.base, parts.engines, parts.probe, (engine) => new EngineClient(engine));
    this.#engines.onGone = (error, engine) => void this.#recover(error, engine);
    this.#bundles.append(...parts.bundles.map(({ id, title }) => new Option(title, id)));
    this.#preferences.value = parsePreference(location.search);
    this.#labelSizes();
    this.#bundles.addEventListener('change', () => this.#labelSizes());
    this.#preferences.addEventListener('change', () => {
      this.#labelSizes();
      void this.#restart();
    });
    byId('load-model').addEventListener('click', () => void this.#load());
    byId('clear-cache').addEventListener('click', async () => {
      await parts.store.clear();
      note('Cache cleared: the next load downloads again.');
    });
  }

  /** The engine that runs, if one does. */
  get client(): EngineClient | undefined {
    return this.#engines.active;
  }

  get #preference(): Preference {
    return this.#preferences.value as Preference;
  }

  get #listing(): BundleListing | undefined {
    return this.#parts.bundles.find(({ id }) => id === this.#bundles.value);
  }

  /** What the Load button and the engine menu would download, on their labels. */
  #labelSizes(): void {
    const listing = this.#listing;
    const engine = this.#engines.size(this.#preference);
    byId('load-model').textContent = listing
      ? `Load ${listing.title}: ${bytes(listing.bytes)} + ${bytes(engine)} engine`
      : 'No model in this build';
    for (const option of this.#preferences.options) {
      const file = option.value === 'auto' ? undefined : this.#parts.engines[option.value as EngineKind];
      if (file) option.textContent = `${option.text.split(' (')[0]} (${bytes(file.wasm.bytes)})`;
    }
  }

  async #load(): Promise<void> {
    const listing = this.#listing;
    if (!listing) return;
    showNotice('');
    this.#engines.stop();
    this.#events.engineChanged();
    this.bundle = undefined;
    this.timings = {};
    const total = listing.bytes + this.#engines.size(this.#preference);
    const loader = groupLoads(this.#loader(total));
    const begin = performance.now();
    try {
      this.#events.dispatch({ type: 'download', bytes: 0, total });
      const loading = loadBundle(this.#parts.base, listing.id, loader, listing.manifest);
      // The engine compiles while the bundle arrives.
      const starting = this.#start(loading, loader);
      starting.catch(() => {});
      const bundle = await loading;
      this.bundle = bundle;
      this.timings.download = { ms: performance.now() - begin, bytes: listing.bytes, cached: bundle.cached };
      void bundle.kept.then((kept) =>
        note(
          kept
            ? 'Models are kept in this browser for the next visit.'
            : 'This browser keeps no files for us (storage full or closed): the next visit downloads again.',
        ),
      );
      this.#events.loaded(bundle);
      await starting;
    } catch (error) {
      loader.abort();
      this.#events.failed(error);
    } finally {
      loader.release();
    }
  }

  /** Starts the engine for the chosen preference; `why` replaces the reason on the badge. */
  async #start(bundle: Bundle | Promise<Bundle>, loader: LoaderOptions, why?: string): Promise<void> {
    showBadge('Starting…', undefined);
    try {
      const report = await this.#engines.start(this.#preference, bundle, loader, (what) =>
        this.#events.dispatch({ type: 'prepare', what }),
      );
      const { engine, reason } = report.choice;
      const { compileMs, loadMs, warmUpMs } = report;
      const adapter = engine === 'webgpu' ? this.#parts.probe.detail : 'this computer\u2019s CPU, one thread, WebAssembly SIMD';
      this.timings = { ...this.timings, compileMs, loadMs, warmUpMs, adapter };
      const failure = report.failure ? ` (${report.failure})` : '';
      showBadge(`${ENGINE_NAMES[engine]} engine: ${why ?? reason}${failure}`, engine);
      this.#events.engineChanged();
      this.#events.dispatch({ type: 'prepared' });
    } catch (error) {
      showBadge('No engine', undefined);
      throw error;
    }
  }

  /** Starts the engine anew for the bundle that is there. */
  async #restart(why?: string): Promise<void> {
    if (!this.bundle) return;
    try {
      this.#events.dispatch({ type: 'prepare', what: 'the engine' });
      await this.#start(this.bundle, this.#loader(this.#engines.size(this.#preference)), why);
    } catch (error) {
      this.#events.failed(error);
    }
  }

  /** The engine is gone: a GPU engine is replaced by the CPU one, the CPU engine must be loaded anew. */
  async #recover(error: EngineGone, engine: EngineKind): Promise<void> {
    showBadge('No engine', undefined);
    if (engine === 'cpu') {
      const message = `The engine stopped: ${error.message}.`;
      const remedy = 'Press Load to start it again.';
      this.#events.dispatch({ type: 'fail', message, remedy, modelLoaded: false });
      return;
    }
    showNotice(
      `The GPU stopped working (${error.message.replace(/\.$/, '')}). The page goes on with the CPU engine: press Segment to decode again, or choose WebGPU to try the GPU once more.`,
    );
    this.#preferences.value = 'cpu';
    await this.#restart('the GPU stopped working');
  }

  #loader(total: number): LoaderOptions {
    let received = 0;
    return {
      store: this.#parts.store,
      fetch: (url, init) => fetch(url, init),
      onBytes: (count) => {
        received = Math.min(total, received + count);
        this.#events.dispatch({ type: 'download', bytes: received, total });
      },
    };
  }
}

function note(text: string): void {
  byId('cache-note').textContent = text;
}
