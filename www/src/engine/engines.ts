// Starts engines, measures them where there is a choice, and keeps the one that runs.

import type { Bundle } from '../bundle/bundle.ts';
import { candidates, decide, type Choice, type Preference, type Probe } from './choose.ts';
import { EngineClient, type EngineGone } from './client.ts';
import { loadFile, type FileEntry, type LoaderOptions } from '../bundle/loader.ts';
import type { EngineKind, Speed } from './messages.ts';

/** engines.json, which the build writes: the wasm of each engine and its glue script. */
export type EngineListing = Partial<Record<EngineKind, { glue: string; wasm: FileEntry }>>;

/** A started engine and what its start took. */
interface Started {
  client: EngineClient;
  /** Compiling and instantiating the wasm. */
  compileMs: number;
  loadMs: number;
  /** First short decode, which compiles the pipelines. */
  warmUpMs: number;
  speed: Speed;
}

export interface StartReport extends Started {
  choice: Choice;
  /** Why an engine that was tried does not run. */
  failure: string | undefined;
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

  /** The wasm that `preference` needs. */
  files(preference: Preference): FileEntry[] {
    return this.candidates(preference).map((engine) => this.#listing[engine]!.wasm);
  }

  /** Its bytes. */
  size(preference: Preference): number {
    return this.files(preference).reduce((sum, { bytes }) => sum + bytes, 0);
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
    return { ...chosen, choice, failure: failure?.message };
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
      const glue = new URL(listed.glue, this.#base).href;
      const { compileMs } = await client.ask('create', { glue, wasm: wasm.bytes });
      const { manifestBytes: manifest, files } = bundle;
      const { loadMs } = await client.ask('load', { manifest, names: [...files.keys()], contents: [...files.values()] });
      const first = await client.ask('measure', { tokens: 1 });
      const warmUpMs = first.prefillMs + first.msPerToken;
      // A second, warm round only where two engines compete.
      const speed = compare ? await client.ask('measure', { tokens: 8 }) : first;
      return { client, compileMs, loadMs, warmUpMs, speed };
    } catch (error) {
      client.dispose();
      throw error;
    }
  }
}
