// Which engines start, in which order, and what becomes of the one that is not needed. The workers are stand-ins.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Bundle } from '../../src/bundle/bundle.ts';
import { openStore } from '../../src/bundle/store.ts';
import type { Preference, Probe } from '../../src/engine/choose.ts';
import type { EngineClient } from '../../src/engine/client.ts';
import type { EngineGone } from '../../src/engine/gone.ts';
import { Engines, type BetterReport, type EngineListing } from '../../src/engine/engines.ts';
import type { EngineKind, Speed } from '../../src/engine/messages.ts';

const BASE = 'http://page.test/';
const REAL: Probe = { works: true, software: false, detail: 'a GPU' };
const SOFTWARE: Probe = { works: true, software: true, detail: 'swiftshader' };
const NONE: Probe = { works: false, software: false, detail: 'no WebGPU' };
const BUNDLE = { manifest: { example: 'the example' }, manifestBytes: new Uint8Array(), files: new Map() } as unknown as Bundle;
const WASM = new Uint8Array([0, 97, 115, 109]);
const sha256 = createHash('sha256').update(WASM).digest('hex');
const listed = (engine: string) => ({ glue: `${engine}.js`, wasm: { file: `${engine}.wasm`, bytes: 4, sha256 } });
const LISTING: EngineListing = { cpu: listed('cpu'), webgpu: listed('webgpu') };

interface Wish {
  probe?: Probe;
  speeds?: Record<EngineKind, Speed>;
  /** The model refuses the sentence that engines are measured with. */
  mute?: boolean;
  /** Engines that cannot be created. */
  broken?: EngineKind[];
  /** Is awaited before WebGPU is created. */
  gate?: Promise<void>;
  fetch?: (url: string) => Promise<Response>;
}

function setUp({ probe = REAL, broken = [], gate, mute = false, ...wish }: Wish = {}) {
  const log: string[] = [];
  const counted: number[] = [];
  const speeds = wish.speeds ?? { cpu: { prefillMs: 100, msPerToken: 5 }, webgpu: { prefillMs: 50, msPerToken: 1 } };
  const newClient = (engine: EngineKind) => {
    const client = {
      engine,
      onGone: (_error: EngineGone) => {},
      dispose: () => log.push(`${engine} ended`),
      ask: async (kind: string, { text }: { text?: string } = {}) => {
        if (kind === 'create' && engine === 'webgpu') await gate;
        log.push(`${engine} ${kind}`);
        if (kind === 'create' && broken.includes(engine)) throw new Error(`no ${engine}`);
        if (kind === 'measure' && mute) throw new Error(`"${text}" has no word that the model knows`);
        if (kind === 'measure') assert.equal(text, 'the example');
        return kind === 'measure' ? speeds[engine] : { compileMs: 1, loadMs: 1 };
      },
    };
    return client as unknown as EngineClient;
  };
  const engines = new Engines(BASE, LISTING, newClient);
  engines.probe = probe;
  const loader = {
    store: openStore(undefined, BASE),
    fetch: wish.fetch ?? (async () => new Response(WASM)),
    onBytes: (count: number) => counted.push(count),
  };
  let better: (report: BetterReport) => void = () => {};
  const whenBetter = new Promise<BetterReport>((resolve) => (better = resolve));
  const start = (preference: Preference, early = false, bundle: Bundle | Promise<Bundle> = BUNDLE) =>
    engines.start(preference, bundle, loader, (what) => log.push(`prepare ${what}`), early ? better : undefined);
  return { engines, log, counted, start, whenBetter };
}

/** Waits until the last line of `log` is this one. */
async function lastIs(log: string[], line: string): Promise<void> {
  const end = performance.now() + 5000;
  while (log.at(-1) !== line && performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(log.at(-1), line);
}

test('an engine without a rival is not measured', async () => {
  const { log, start } = setUp({ probe: NONE });
  const report = await start('auto');
  assert.equal(report.speed, undefined);
  assert.deepEqual(log, ['cpu create', 'prepare the CPU engine', 'cpu load']);
});

test('WebGPU alone decodes once, which compiles its pipelines', async () => {
  const { log, start } = setUp({ probe: SOFTWARE });
  assert.equal((await start('webgpu')).choice.engine, 'webgpu');
  assert.deepEqual(log.slice(-2), ['webgpu load', 'webgpu measure']);
});

test('a model that refuses the sentence it is measured with runs all the same', async () => {
  assert.equal((await setUp({ probe: SOFTWARE, mute: true }).start('webgpu')).choice.engine, 'webgpu');
  const { choice } = await setUp({ mute: true }).start('auto');
  assert.equal(choice.engine, 'cpu');
  assert.match(choice.reason, /could not be compared/);
});

test('the engine is created while the bundle is on its way', async () => {
  const { log, start } = setUp({ probe: NONE });
  let arrive: (bundle: Bundle) => void = () => {};
  const started = start('cpu', false, new Promise((resolve) => (arrive = resolve)));
  await lastIs(log, 'cpu create');
  arrive(BUNDLE);
  assert.equal((await started).choice.engine, 'cpu');
});

test('two that compete are measured, and the slower one ends', async () => {
  const { engines, log, start } = setUp();
  assert.equal((await start('auto')).choice.engine, 'webgpu');
  assert.equal(engines.active?.engine, 'webgpu');
  assert.equal(log.filter((line) => line.endsWith('measure')).length, 4);
  assert.equal(log.at(-1), 'cpu ended');
});

test('with early start the CPU engine answers while WebGPU gets ready, and is replaced when that is told', async () => {
  let open = () => {};
  const { engines, log, counted, start, whenBetter } = setUp({ gate: new Promise<void>((resolve) => (open = resolve)) });
  const first = await start('auto', true);
  assert.equal(first.choice.engine, 'cpu');
  assert.equal(engines.active?.engine, 'cpu');
  open();
  const better = await whenBetter;
  assert.equal(better.choice.engine, 'webgpu');
  assert.match(better.choice.reason, /the faster one here/);
  // Once the page is ready it hears of no bytes and no preparing any more.
  assert.deepEqual(counted, [4]);
  assert.equal(log.filter((line) => line.startsWith('prepare')).length, 1);
  assert.equal(engines.active?.engine, 'cpu');
  assert.ok(!log.includes('cpu ended'));
  better.adopt();
  assert.equal((engines.active as EngineClient | undefined)?.engine, 'webgpu');
  assert.equal(log.at(-1), 'cpu ended');
});

test('a WebGPU that was asked for replaces the CPU engine however slow it is', async () => {
  const { engines, start, whenBetter } = setUp({ probe: SOFTWARE });
  assert.deepEqual(engines.candidates('webgpu', true), ['cpu', 'webgpu']);
  assert.equal(engines.size('webgpu', true), 8);
  assert.equal((await start('webgpu', true)).choice.engine, 'cpu');
  assert.match((await whenBetter).choice.reason, /chosen by you/);
});

test('a WebGPU that is slower, or fails, leaves the CPU engine alone', async () => {
  const slow = { cpu: { prefillMs: 1, msPerToken: 1 }, webgpu: { prefillMs: 900, msPerToken: 9 } };
  for (const wish of [{ speeds: slow }, { broken: ['webgpu' as const] }]) {
    const { engines, log, start, whenBetter } = setUp(wish);
    await start('auto', true);
    let told = false;
    void whenBetter.then(() => (told = true));
    await lastIs(log, 'webgpu ended');
    assert.ok(!told);
    assert.equal(engines.active?.engine, 'cpu');
  }
});

test('an engine that gets ready after the page has stopped it ends', async () => {
  let open = () => {};
  const { engines, log, start } = setUp({ gate: new Promise<void>((resolve) => (open = resolve)) });
  await start('auto', true);
  engines.stop();
  open();
  await lastIs(log, 'webgpu ended');
  assert.equal(engines.active, undefined);
});

test('a WebGPU that is lost before it is adopted changes nothing', async () => {
  const { engines, start, whenBetter } = setUp();
  const lost: EngineKind[] = [];
  engines.onGone = (_error, engine) => lost.push(engine);
  await start('auto', true);
  const better = await whenBetter;
  better.client.onGone(new Error('lost') as EngineGone);
  better.adopt();
  assert.equal(engines.active?.engine, 'cpu');
  assert.deepEqual(lost, []);
});

test('the CPU engine stands in for a WebGPU that does not start', async () => {
  const { start } = setUp({ probe: SOFTWARE, broken: ['webgpu'] });
  const report = await start('webgpu');
  assert.equal(report.choice.engine, 'cpu');
  assert.equal(report.failure, 'no webgpu');
});

test('a bundle or an engine that cannot be had ends the worker and says why', async () => {
  const bundle = setUp({ probe: NONE });
  await assert.rejects(bundle.start('auto', false, Promise.reject(new Error('no shard'))), /no shard/);
  assert.equal(bundle.log.filter((line) => line.endsWith('ended')).length, 1);
  const engine = setUp({ probe: NONE, fetch: async () => new Response('<!doctype html>') });
  await assert.rejects(engine.start('auto'), /cpu\.wasm is missing: the server answered with a web page/);
  assert.deepEqual(engine.log, ['cpu ended']);
});

test('where relaxed SIMD is known, its file is the CPU engine, and no other is downloaded', async ({ mock }) => {
  const listing = { ...LISTING, 'cpu-relaxed': listed('relaxed') };
  for (const [knows, file] of [[true, 'relaxed.wasm'], [false, 'cpu.wasm']] as const) {
    mock.method(WebAssembly, 'validate', () => knows);
    const engines = new Engines(BASE, listing, () => assert.fail());
    assert.deepEqual(engines.files('cpu').map(({ file }) => file), [file]);
  }
  mock.restoreAll();
});
