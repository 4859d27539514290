// Starts engines, measures them where there is a choice, and keeps the one that runs.

import type { Bundle } from '../bundle/bundle.ts';
import { candidates, decide, type Choice, type Preference, type Probe } from './choose.ts';
import { EngineClient, type EngineGone } from './client.ts';
import { loadFile, type FileEntry, type LoaderOptions } from '../bundle/loader.ts';
import type { EngineKind, Speed } from './messages.ts';

/** engines.json, which the build writes: the wasm of each engine and its glue script. */
export type EngineListing = Partial<Record<EngineKind, { glue: string; wasm: FileEntry }>>;

export interface StartReport {
  choice: Choice;
  /** Compiling and instantiating the wasm of the engine that runs. */
  compileMs: number;
  loadMs: number;
  /** First short decode, which compiles the pipelines. */
  warmUpMs: number;
  speed: Speed;
  /** Why an engine that was tried does not run. */
  failure: string | undefined;
}

interface Started {
  client: EngineClient;
  compileMs: number;
  loadMs: number;
  warmUpMs: number;
  speed: Speed;
}

export const ENGINE_NAMES: Record<EngineKind, string> = { cpu: 'CPU', webgpu: 'WebGPU' };

/** Tokens of a typical mask, for weighing prefill against decoding. */
const TYPICAL_TOKENS = 196;

export class Engines {
  active: EngineClient | undefined;
  onGone: (error: EngineGone, engine: EngineKind) => void = () => {};
  readonly #base: string;
  readonly #listing: EngineListing;
  readonly #probe: Probe;

  constructor(base: string, listing: EngineListing, probe: Probe) {
    this.#base = base;
    this.#listing = listing;
    this.#probe = probe;
  }

  /** The engines that `preference` would start, in order. */
  candidates(preference: Preference): EngineKind[] {
    return candidates(preference, this.#probe).filter((engine) => this.#listing[engine]);
  }

  /** Bytes of wasm that `preference` needs. */
  size(preference: Preference): number {
    const sizes = this.candidates(preference).map((engine) => this.#listing[engine]!.wasm.bytes);
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Makes the engine for `preference` run `bundle`. Throws when none can. */
  async start(
    preference: Preference,
    bundle: Bundle,
    loader: LoaderOptions,
    onPrepare: (what: string) => void,
  ): Promise<StartReport> {
    this.stop();
    const order = this.candidates(preference);
    const running: Partial<Record<EngineKind, Started>> = {};
    let failure: Error | undefined;
    for (const engine of order) {
      try {
        running[engine] = await this.#open(engine, bundle, loader, onPrepare, order.length > 1);
      } catch (error) {
        failure = error as Error;
      }
    }
    if (!running.cpu && !running.webgpu && order[0] === 'webgpu') {
      running.cpu = await this.#open('cpu', bundle, loader, onPrepare, false);
    }
    const speeds = { ...(running.cpu && { cpu: running.cpu.speed }), ...(running.webgpu && { webgpu: running.webgpu.speed }) };
    const choice = decide(preference, this.#probe, speeds, TYPICAL_TOKENS);
    const chosen = running[choice.engine];
    for (const started of Object.values(running)) if (started !== chosen) started.client.dispose();
    if (!chosen) throw failure ?? new Error('This build of the page has no engine.');
    this.active = chosen.client;
    this.active.onGone = (error) => {
      this.active = undefined;
      this.onGone(error, chosen.client.engine);
    };
    const { compileMs, loadMs, warmUpMs, speed } = chosen;
    return { choice, compileMs, loadMs, warmUpMs, speed, failure: failure?.message };
  }

  stop(): void {
    this.active?.dispose();
    this.active = undefined;
  }

  async #open(
    engine: EngineKind,
    bundle: Bundle,
    loader: LoaderOptions,
    onPrepare: (what: string) => void,
    compare: boolean,
  ): Promise<Started> {
    const listed = this.#listing[engine];
    if (!listed) throw new Error(`This build of the page has no ${ENGINE_NAMES[engine]} engine.`);
    const wasm = await loadFile(new URL(listed.wasm.file, this.#base).href, listed.wasm, loader);
    onPrepare(`the ${ENGINE_NAMES[engine]} engine`);
    const client = new EngineClient(engine);
    try {
      const { compileMs } = await client.create(new URL(listed.glue, this.#base).href, wasm.bytes);
      const { loadMs } = await client.load(bundle.manifestBytes, bundle.files);
      const first = await client.measure(1);
      const warmUpMs = first.prefillMs + first.msPerToken;
      // A second, warm round only where two engines compete.
      const speed = compare ? await client.measure(8) : first;
      return { client, compileMs, loadMs, warmUpMs, speed };
    } catch (error) {
      client.dispose();
      throw error;
    }
  }
}
