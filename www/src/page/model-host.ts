// The model and the engine that runs it: which one fits the picture, loading it, and replacing an engine that died.

import { isAboutLungs, listFiles, loadBundle, suits, type Bundle, type BundleListing, type PictureKind } from '../bundle/bundle.ts';
import { groupLoads, type LoaderOptions } from '../bundle/loader.ts';
import type { ContentStore } from '../bundle/store.ts';
import type { Preference, Probe } from '../engine/choose.ts';
import { EngineClient } from '../engine/client.ts';
import { ENGINE_NAMES, Engines, type EngineListing, type StartReport } from '../engine/engines.ts';
import type { EngineGone } from '../engine/gone.ts';
import type { EngineKind } from '../engine/messages.ts';
import type { Event } from './state.ts';
import type { ModelTimings } from './timing.ts';

export interface ModelParts {
  base: string;
  bundles: readonly BundleListing[];
  engines: EngineListing;
  /** What the test of WebGPU finds, which can take seconds. */
  probe: Promise<Probe>;
  store: ContentStore;
}

export interface ModelEvents {
  dispatch(event: Event): void;
  /** What is chosen, loaded or running has changed. */
  changed(): void;
  /** A bundle is there; its engine starts next. */
  loaded(bundle: Bundle): void;
  /** A GPU engine is gone; the CPU engine is being started in its place. */
  replaced(why: string): void;
  /** A faster engine is ready: `adopt` is to be called when nothing is being decoded. */
  better(adopt: () => void): void;
}

/** What runs, for the badge. */
export interface Badge {
  text: string;
  engine: EngineKind | undefined;
}

/** Bytes that pictures may leave taken in an engine: a WebAssembly memory never shrinks, so beyond that it is started anew. */
const SPARE_BYTES = 256e6;

/** The CPU engine begins while WebGPU gets ready. */
const EARLY = true;

export class ModelHost {
  bundle: Bundle | undefined;
  timings: ModelTimings = {};
  badge: Badge = { text: 'No engine yet', engine: undefined };
  preference: Preference;
  /** Whether all files are kept for the next visit; undefined before any was loaded. */
  kept: boolean | undefined;
  /** The model that the user chose for this picture, if one was. */
  #chosen: string | undefined;
  /** What the picture seems to be. */
  #kind: PictureKind = 'drawing';
  #loading: Promise<void> | undefined;
  /** Name of the GPU. */
  #adapter = '';
  readonly #parts: ModelParts;
  readonly #events: ModelEvents;
  readonly #engines: Engines;
  readonly #own = new Map<string, Bundle>();

  constructor(parts: ModelParts, preference: Preference, events: ModelEvents) {
    this.#parts = parts;
    this.#events = events;
    this.preference = preference;
    this.#engines = new Engines(parts.base, parts.engines, (engine) => new EngineClient(engine));
    this.#engines.onGone = (error, engine) => this.#recover(error, engine);
  }

  /** Settles when it is known which engines there are. */
  async probed(): Promise<void> {
    this.#adapter = (this.#engines.probe = await this.#parts.probe).detail;
    this.#events.changed();
  }

  /** The engine that runs the chosen model, if it does. */
  get client(): EngineClient | undefined {
    return this.bundle?.id === this.listing?.id ? this.#engines.active : undefined;
  }

  /** All models there are, also those that the user brought. */
  get listings(): readonly BundleListing[] {
    return [...this.#parts.bundles, ...Array.from(this.#own.values(), listingOf)];
  }

  /** The model that the next mask comes from: the one that was chosen, else the one that fits the picture. */
  get listing(): BundleListing | undefined {
    const all = this.listings;
    return all.find(({ id }) => id === this.#chosen) ?? all.find(({ suits }) => suits === this.#kind) ?? all[0];
  }

  /** What that model knows, by what it was trained on. */
  get suitsPicture(): boolean {
    return this.listing?.suits === this.#kind;
  }

  choose(id: string): void {
    this.#chosen = id;
    this.#events.changed();
  }

  /** Another picture: where it is of another kind, the model that fits it is proposed, but for a bundle of the user's own. */
  propose(kind: PictureKind): void {
    if (kind !== this.#kind && !this.#own.has(this.#chosen ?? '')) this.#chosen = undefined;
    this.#kind = kind;
    this.#events.changed();
  }

  /** A bundle that the user brought. */
  add(bundle: Bundle): void {
    const taken = this.#parts.bundles.some(({ id }) => id === bundle.id);
    const own = taken ? { ...bundle, id: `${bundle.id}-own` } : bundle;
    this.#own.set(own.id, own);
    if (this.bundle?.id === own.id) this.bundle = undefined;
    this.choose(own.id);
  }

  /** Bytes of the engines that the next load starts. */
  engineSize(): number {
    return this.#engines.size(this.preference, EARLY);
  }

  /** Bytes that the next mask has to wait for; 0 where nothing is downloaded. */
  async toDownload(): Promise<number> {
    const { listing } = this;
    if (!listing || this.client) return 0;
    const wanted = this.#engines.files(this.preference, EARLY).map(({ sha256, bytes }) => ({ sha256, bytes }));
    // The manifest is kept with the files that it lists.
    if (!this.#own.has(listing.id)) wanted.push({ sha256: listing.manifest.sha256, bytes: listing.bytes });
    const there = await Promise.all(wanted.map(({ sha256 }) => this.#parts.store.has(sha256)));
    return wanted.reduce((sum, { bytes }, i) => (there[i] ? sum : sum + bytes), 0);
  }

  /** Makes the chosen model run; throws what hinders it. */
  async ensure(): Promise<{ client: EngineClient; bundle: Bundle }> {
    if (!this.client) await (this.#loading ??= this.#load().finally(() => (this.#loading = undefined)));
    const { client, bundle } = this;
    if (!client || !bundle) throw new Error('No model is loaded.');
    return { client, bundle };
  }

  /** Starts the engine anew for the bundle that is there: another one was chosen. */
  async restart(why?: string): Promise<void> {
    const { bundle } = this;
    if (!bundle) return;
    this.#loading = (async () => {
      this.#events.dispatch({ type: 'prepare', what: 'the engine' });
      await this.#start(bundle, this.#loader(this.engineSize()), why);
    })().finally(() => (this.#loading = undefined));
    await this.#loading;
  }

  /** Gives memory back that a large picture has left taken: the engine starts anew, or ends where another model is to run. */
  async giveBack(): Promise<void> {
    const { active } = this.#engines;
    if (!active || active.memory - active.ownMemory <= SPARE_BYTES) return;
    if (this.client) await this.restart();
    else this.#end();
  }

  async clearCache(): Promise<void> {
    await this.#parts.store.clear();
    this.#events.changed();
  }

  async #load(): Promise<void> {
    const { listing } = this;
    if (!listing) throw new Error('This build of the page has no model.');
    this.#end();
    const own = this.#own.get(listing.id);
    const total = (own ? 0 : listing.bytes) + this.engineSize();
    const loader = groupLoads(this.#loader(total));
    const begin = performance.now();
    try {
      this.#events.dispatch({ type: 'download', bytes: 0, total });
      const loading = own ? Promise.resolve(own) : loadBundle(this.#parts.base, listing.id, loader, listing.manifest);
      // The engine compiles while the bundle arrives.
      const starting = this.#start(loading, loader);
      starting.catch(() => {});
      const bundle = await loading;
      this.bundle = bundle;
      this.timings.download = { ms: performance.now() - begin, bytes: listing.bytes, cached: bundle.cached };
      if (!own) {
        void bundle.kept.then((kept) => {
          this.kept = kept;
          this.#events.changed();
        });
      }
      this.#events.loaded(bundle);
      await starting;
    } catch (error) {
      loader.abort();
      this.bundle = undefined;
      throw error;
    } finally {
      loader.release();
    }
  }

  /** No model runs any more. */
  #end(): void {
    this.#engines.stop();
    this.bundle = undefined;
    this.timings = {};
    this.#show({ text: 'No engine', engine: undefined });
  }

  /** Starts the engine for the chosen preference; `why` replaces the reason on the badge. */
  async #start(bundle: Bundle | Promise<Bundle>, loader: LoaderOptions, why?: string): Promise<void> {
    this.#show({ text: 'Starting…', engine: undefined });
    try {
      const prepare = (what: string) => this.#events.dispatch({ type: 'prepare', what });
      const report = await this.#engines.start(this.preference, bundle, loader, prepare, (better) => {
        this.#events.better(() => {
          better.adopt();
          this.#report(better);
        });
      });
      this.#report(report, why);
      this.#events.dispatch({ type: 'prepared' });
    } catch (error) {
      this.#show({ text: 'No engine', engine: undefined });
      throw error;
    }
  }

  #report({ choice: { engine, reason }, compileMs, loadMs, warmUpMs, failure }: StartReport, why?: string): void {
    const adapter = engine === 'webgpu' ? this.#adapter : `this computer\u2019s CPU, one thread, ${this.#engines.files('cpu')[0]?.file}`;
    this.timings = { ...this.timings, compileMs, loadMs, warmUpMs, adapter };
    this.#show({ text: `${ENGINE_NAMES[engine]} engine: ${why ?? reason}${failure ? ` (${failure})` : ''}`, engine });
  }

  /** The engine is gone: a GPU engine is replaced by the CPU one, the CPU engine is started anew with the next mask. */
  #recover(error: EngineGone, engine: EngineKind): void {
    this.#show({ text: 'No engine', engine: undefined });
    if (engine === 'cpu') return;
    this.preference = 'cpu';
    this.#events.replaced(error.message.replace(/\.$/, ''));
    // Whoever decodes waits for it in `ensure`, and hears there what hinders it.
    this.restart('the GPU stopped working').catch(() => {});
  }

  #show(badge: Badge): void {
    this.badge = badge;
    this.#events.changed();
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

function listingOf({ id, manifest, manifestBytes, manifestHash }: Bundle): BundleListing {
  const bytes = listFiles(manifest).reduce((sum, file) => sum + file.bytes, manifestBytes.byteLength);
  const mask = manifest.architecture?.mask;
  return {
    id,
    title: manifest.name,
    bytes,
    suits: suits(id, manifest),
    aboutLungs: isAboutLungs(manifest),
    example: manifest.example,
    grid: mask ? mask.size / mask.patch : 0,
    manifest: { file: 'manifest.json', bytes: manifestBytes.byteLength, sha256: manifestHash ?? '' },
  };
}
