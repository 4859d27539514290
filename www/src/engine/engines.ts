// Starts engines, measures them where there is a choice, and keeps the one that runs.

import type { Bundle } from '../bundle/bundle.ts';
import { candidates, decide, type Choice, type Preference, type Probe } from './choose.ts';
import type { EngineClient } from './client.ts';
import { EngineGone } from './gone.ts';
import { explainImport, loadFile, type FileEntry, type LoaderOptions } from '../bundle/loader.ts';
import type { EngineKind, Speed } from './messages.ts';
import { cpuFile } from './probe.ts';

/** engines.json, which the build writes: the wasm of each engine and its glue script; the CPU engine also with relaxed SIMD. */
export type EngineListing = Partial<Record<EngineKind | 'cpu-relaxed', { glue: string; wasm: FileEntry } | undefined>>;

/** A started engine and what its start took. */
interface Started {
  client: EngineClient;
  /** Compiling and instantiating the wasm. */
  compileMs: number;
  loadMs: number;
  /** First short decode, which compiles the pipelines; undefined where the first picture does that. */
  warmUpMs: number | undefined;
  /** Undefined where no other engine competes, or the model takes no sentence to measure with. */
  speed: Speed | undefined;
}

export interface StartReport extends Started {
  choice: Choice;
  /** Why an engine that was tried does not run. */
  failure: string | undefined;
}

export interface BetterReport extends StartReport {
  /** Makes it the active engine and ends the one before. Call it when nothing is being decoded. */
  adopt(): void;
}

/** What the start of an engine needs, before anything is decided. */
interface Job {
  bundle: Promise<Bundle>;
  loader: LoaderOptions;
  onPrepare: (what: string) => void;
}

/** `short`: one token, which compiles the pipelines; `whole`: some more, once warm. */
type Measure = 'nothing' | 'short' | 'whole';

export const ENGINE_NAMES: Record<EngineKind, string> = { cpu: 'CPU', webgpu: 'WebGPU' };

/** Tokens of a typical mask, for weighing prefill against decoding. */
const TYPICAL_TOKENS = 196;

export class Engines {
  active: EngineClient | undefined;
  onGone: (error: EngineGone, engine: EngineKind) => void = () => {};
  readonly #base: string;
  readonly #listing: EngineListing;
  #probe: Probe = { works: false, software: false, detail: 'WebGPU is not tested yet' };
  readonly #newClient: (engine: EngineKind) => EngineClient;
  /** Changed by every start and stop: what an earlier one still does is void then. */
  #turn = 0;
  /** The engine that is ready and not adopted. */
  #waiting: EngineClient | undefined;

  /** `newClient` starts a worker without an engine. */
  constructor(base: string, listing: EngineListing, newClient: (engine: EngineKind) => EngineClient) {
    this.#newClient = newClient;
    this.#base = base;
    this.#listing = { ...listing, cpu: listing[cpuFile()] ?? listing.cpu };
  }

  /** What the test of WebGPU found; until it is told, there is only the CPU. */
  set probe(probe: Probe) {
    this.#probe = probe;
  }

  /** The engines that `preference` would start, in order; with `early`, the CPU engine before WebGPU in any case. */
  candidates(preference: Preference, early = false): EngineKind[] {
    const order = candidates(preference, this.#probe);
    const all = early && order[0] === 'webgpu' ? (['cpu', ...order] as const) : order;
    return all.filter((engine) => this.#listing[engine]);
  }

  /** The wasm that `preference` needs. */
  files(preference: Preference, early = false): FileEntry[] {
    return this.candidates(preference, early).map((engine) => this.#listing[engine]!.wasm);
  }

  /** Its bytes. */
  size(preference: Preference, early = false): number {
    return this.files(preference, early).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Makes the engine for `preference` run `bundle`; the engine starts while the bundle is still being downloaded.
   * Throws when none can.
   *
   * With `onBetter`, the answer comes as soon as the CPU engine is ready, while WebGPU compiles its pipelines. Where
   * WebGPU is faster, or was asked for, `onBetter` is called once, with the function that adopts it. The bytes of its wasm
   * are not counted by `loader`.
   */
  async start(
    preference: Preference,
    bundle: Bundle | Promise<Bundle>,
    loader: LoaderOptions,
    onPrepare: (what: string) => void,
    onBetter?: (report: BetterReport) => void,
  ): Promise<StartReport> {
    this.stop();
    const turn = this.#turn;
    const job = { bundle: Promise.resolve(bundle), loader, onPrepare };
    const order = this.candidates(preference, onBetter !== undefined);
    const report =
      onBetter && order.length > 1
        ? await this.#startEarly(preference, job, onBetter, turn)
        : await this.#startAll(preference, job, order);
    if (turn !== this.#turn) {
      report.client.dispose();
      throw new Error('another engine was started meanwhile');
    }
    this.#activate(report.client);
    return report;
  }

  stop(): void {
    this.#turn += 1;
    for (const client of [this.active, this.#waiting]) client?.dispose();
    this.active = undefined;
    this.#waiting = undefined;
  }

  /** Starts all engines of `order` and keeps the better one. */
  async #startAll(preference: Preference, job: Job, order: readonly EngineKind[]): Promise<StartReport> {
    const running: Partial<Record<EngineKind, Started>> = {};
    let failure: Error | undefined;
    const measure = (engine: EngineKind): Measure => (order.length > 1 ? 'whole' : engine === 'webgpu' ? 'short' : 'nothing');
    for (const engine of order) {
      try {
        running[engine] = await this.#open(engine, job, measure(engine));
      } catch (error) {
        failure = error as Error;
        // Without a bundle no engine can run.
        await job.bundle;
      }
    }
    if (!running.cpu && !running.webgpu && order[0] === 'webgpu') {
      running.cpu = await this.#open('cpu', job, 'nothing');
    }
    const choice = this.#decide(preference, running);
    const chosen = running[choice.engine];
    for (const started of Object.values(running)) if (started !== chosen) started.client.dispose();
    if (!chosen) throw failure ?? new Error('This build of the page has no engine.');
    return { ...chosen, choice, failure: failure?.message };
  }

  /** Starts the CPU engine, and WebGPU behind it. */
  async #startEarly(
    preference: Preference,
    job: Job,
    onBetter: (report: BetterReport) => void,
    turn: number,
  ): Promise<StartReport> {
    const compare = preference === 'auto';
    let cpu: Started;
    try {
      cpu = await this.#open('cpu', job, compare ? 'whole' : 'nothing');
    } catch {
      await job.bundle;
      return this.#startAll(preference, job, ['webgpu']);
    }
    // The page is at work by then: neither progress nor preparing concerns it.
    const silent = { ...job, onPrepare: () => {}, loader: { ...job.loader, onBytes: () => {} } };
    void this.#open('webgpu', silent, compare ? 'whole' : 'short').then(
      (webgpu) => {
        const choice = this.#decide(preference, { cpu, webgpu });
        if (turn !== this.#turn || choice.engine !== 'webgpu') return webgpu.client.dispose();
        this.#waiting = webgpu.client;
        // Lost before it was ever used: the CPU engine simply goes on.
        webgpu.client.onGone = () => (this.#waiting = undefined);
        onBetter({ ...webgpu, choice, failure: undefined, adopt: () => this.#adopt(webgpu.client) });
      },
      () => {},
    );
    return { ...cpu, choice: { engine: 'cpu', reason: 'WebGPU is still getting ready' }, failure: undefined };
  }

  #adopt(client: EngineClient): void {
    if (this.#waiting !== client) return;
    this.#waiting = undefined;
    this.active?.dispose();
    this.#activate(client);
  }

  #activate(client: EngineClient): void {
    this.active = client;
    client.onGone = (error) => {
      this.active = undefined;
      this.onGone(error, client.engine);
    };
  }

  #decide(preference: Preference, { cpu, webgpu }: Partial<Record<EngineKind, Started>>): Choice {
    // An engine without a rival is not measured: any speed will do.
    const speed = (started: Started) => started.speed ?? (cpu && webgpu ? null : { prefillMs: 0, msPerToken: 0 });
    const speeds = { ...(cpu && { cpu: speed(cpu) }), ...(webgpu && { webgpu: speed(webgpu) }) };
    return decide(preference, this.#probe, speeds, TYPICAL_TOKENS);
  }

  async #open(engine: EngineKind, { bundle, loader, onPrepare }: Job, measure: Measure): Promise<Started> {
    const listed = this.#listing[engine];
    if (!listed) throw new Error(`This build of the page has no ${ENGINE_NAMES[engine]} engine.`);
    // The worker starts, and the wasm compiles, while the bundle arrives.
    const client = this.#newClient(engine);
    try {
      const create = async () => {
        const wasm = await loadFile(new URL(listed.wasm.file, this.#base).href, listed.wasm, loader);
        const glue = new URL(listed.glue, this.#base).href;
        return client.ask('create', { glue, wasm: wasm.bytes }).catch((error: unknown) => explainImport(glue, error));
      };
      const [{ compileMs }, { manifest, manifestBytes, files }] = await Promise.all([create(), bundle]);
      onPrepare(`the ${ENGINE_NAMES[engine]} engine`);
      const { loadMs } = await client.ask('load', { manifest: manifestBytes, names: [...files.keys()], contents: [...files.values()] });
      const first = measure === 'nothing' ? undefined : await timed(client, 1, manifest.example);
      const warmUpMs = first && first.prefillMs + first.msPerToken;
      const speed = first && measure === 'whole' ? await timed(client, 8, manifest.example) : first;
      client.ownMemory = client.memory;
      return { client, compileMs, loadMs, warmUpMs, speed };
    } catch (error) {
      client.dispose();
      throw error;
    }
  }
}

/** The speed of decoding `tokens` tokens; undefined where the model refuses the sentence, which is no reason not to run it. */
async function timed(client: EngineClient, tokens: number, text: string): Promise<Speed | undefined> {
  try {
    return await client.ask('measure', { tokens, text });
  } catch (error) {
    if (error instanceof EngineGone) throw error;
    return undefined;
  }
}
