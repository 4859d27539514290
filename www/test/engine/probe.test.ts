import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuFile, probeWebGpu } from '../../src/engine/probe.ts';

const gpu = (requestAdapter: () => Promise<unknown>) => ({ requestAdapter }) as unknown as GPU;

test('a driver that never answers is given up after a while, and the reason says so', async () => {
  const probe = await probeWebGpu(gpu(() => new Promise(() => {})), 20);
  assert.deepEqual(probe, { works: false, software: false, detail: 'WebGPU did not answer within 0.02 seconds' });
});

test('a device that never comes is given up too', async () => {
  const adapter = { info: {}, requestDevice: () => new Promise(() => {}) };
  assert.match((await probeWebGpu(gpu(async () => adapter), 20)).detail, /did not answer/);
});

test('no adapter and a failing one are told as such', async () => {
  assert.match((await probeWebGpu(gpu(async () => null))).detail, /no WebGPU adapter/);
  const failing = gpu(() => Promise.reject(new Error('blocked by the administrator')));
  assert.match((await probeWebGpu(failing)).detail, /failed its test: blocked by the administrator/);
});

test('a browser that does not know relaxed SIMD gets the plain file of the CPU engine', ({ mock }) => {
  const asked: Uint8Array[] = [];
  for (const [knows, file] of [[true, 'cpu-relaxed'], [false, 'cpu']] as const) {
    mock.method(WebAssembly, 'validate', (bytes: Uint8Array) => (asked.push(bytes), knows));
    assert.equal(cpuFile(), file);
  }
  // Without the instruction and the `drop` behind it the module is one that every browser takes.
  mock.restoreAll();
  const plain = [...asked[0]!].filter((_, at) => at < 24 || at > 27).with(19, 5).with(21, 3);
  assert.ok(WebAssembly.validate(Uint8Array.from(plain)));
});
