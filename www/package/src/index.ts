// The package: a model from a bundle, in a worker, with masks as async iterables. `scripts/pack` builds it.

import { loadBundleFrom } from '../../src/bundle/bundle.ts';
import { groupLoads, loadFile } from '../../src/bundle/loader.ts';
import { openStore } from '../../src/bundle/store.ts';
import { EngineClient } from '../../src/engine/client.ts';
import type { EngineListing } from '../../src/engine/engines.ts';
import { candidates } from '../../src/engine/choose.ts';
import type { Pass, Started } from '../../src/engine/messages.ts';
import { cpuFile, probeWebGpu } from '../../src/engine/probe.ts';
import type { LoadOptions, Model, Result, SegmentOptions, SegmentRun } from './api.ts';

export type * from './api.ts';

/** Put in by the build: size and hash of each engine's wasm. */
declare const MRISEG_ENGINES: EngineListing;

// Written out, so that bundlers find and copy the files.
const FILES = {
  cpu: {
    glue: new URL('./engine-cpu/mriseg_web.js', import.meta.url).href,
    wasm: new URL('./engine-cpu/mriseg_web_bg.wasm', import.meta.url).href,
  },
  'cpu-relaxed': {
    glue: new URL('./engine-cpu-relaxed/mriseg_web.js', import.meta.url).href,
    wasm: new URL('./engine-cpu-relaxed/mriseg_web_bg.wasm', import.meta.url).href,
  },
  webgpu: {
    glue: new URL('./engine-webgpu/mriseg_web.js', import.meta.url).href,
    wasm: new URL('./engine-webgpu/mriseg_web_bg.wasm', import.meta.url).href,
  },
};

/**
 * The model of the bundle in the folder `url`. Throws an error that names the file at fault, or says why the engine does
 * not start.
 */
export async function load(url: string | URL, options: LoadOptions = {}): Promise<Model> {
  options.signal?.throwIfAborted();
  const engine = await chooseEngine(options.engine ?? 'auto');
  const file = engine === 'cpu' ? cpuFile() : engine;
  const folder = new URL(String(url).replace(/\/?$/, '/'), document.baseURI);
  // Cache Storage exists in secure contexts only.
  const store = openStore('caches' in globalThis ? caches : undefined, document.baseURI);
  const { onBytes = () => {}, signal } = options;
  const group = groupLoads({ store, onBytes, fetch: (url, init) => fetch(url, init) });
  signal?.addEventListener('abort', group.abort);
  const client = new EngineClient(engine);
  try {
    const create = async () => {
      const { bytes } = await loadFile(FILES[file].wasm, MRISEG_ENGINES[file]!.wasm, group);
      return client.ask('create', { glue: FILES[file].glue, wasm: bytes });
    };
    const [bundle] = await Promise.all([loadBundleFrom(folder, 'bundle', group), create()]);
    const { manifest, manifestBytes, files } = bundle;
    await client.ask('load', { manifest: manifestBytes, names: [...files.keys()], contents: [...files.values()] });
    signal?.throwIfAborted();
    client.onGone = (error) => options.onLost?.(error);
    const { name, example } = manifest;
    return {
      engine,
      file,
      name,
      example,
      segment: (picture, sentence, options) => segment(client, picture, sentence, options),
      read: (text) => client.call('read', text),
      dispose: () => client.dispose(),
    };
  } catch (error) {
    group.abort();
    client.dispose();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    group.release();
  }
}

async function chooseEngine(preference: NonNullable<LoadOptions['engine']>) {
  if (preference === 'cpu') return 'cpu';
  const probe = await probeWebGpu();
  if (preference === 'webgpu' && !probe.works) throw new Error(`WebGPU was asked for, but ${probe.detail}`);
  return candidates(preference, probe).at(-1)!;
}

function segment(
  client: EngineClient,
  picture: Blob | Uint8Array,
  text: string,
  { decode = 'speculative', name = 'the picture', prefix = [], signal }: SegmentOptions = {},
): SegmentRun {
  const passes: Pass[] = [];
  let wake = () => {};
  let over = false;
  let startedWith: (started: Started) => void = () => {};
  let neverStarted: (error: unknown) => void = () => {};
  const started = new Promise<Started>((resolve, reject) => ([startedWith, neverStarted] = [resolve, reject]));
  // The worker forgets a stop that comes before it has begun.
  let stopped = signal?.aborted ?? false;
  let begun = false;
  const stop = () => {
    stopped = true;
    if (begun && !over) client.stop();
  };
  signal?.addEventListener('abort', stop);
  const decodeAll = async (): Promise<Result> => {
    const image = picture instanceof Blob ? new Uint8Array(await picture.arrayBuffer()) : picture;
    const outcome = await client.ask('segment', { image, imageName: name, text, decode, prefix: Uint32Array.from(prefix), paced: false }, (progress) => {
      if (progress.kind === 'started') {
        begun = true;
        startedWith(progress.started);
        if (stopped) client.stop();
      }
      if (progress.kind === 'pass') passes.push(progress.pass);
      wake();
    });
    return { ...outcome.result, stopped: outcome.stopped };
  };
  const result = decodeAll().finally(() => {
    over = true;
    signal?.removeEventListener('abort', stop);
    wake();
  });
  // Whoever waits for one of them hears of a failure; the others must not count as unheard.
  result.catch(neverStarted);
  started.catch(() => {});
  async function* iterate(): AsyncGenerator<Pass> {
    try {
      for (;;) {
        const pass = passes.shift();
        if (pass) yield pass;
        else if (over) break;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
      await result;
    } finally {
      stop();
    }
  }
  return { started, result, stop, [Symbol.asyncIterator]: iterate };
}
