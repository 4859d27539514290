import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeWebGpu } from '../../src/engine/probe.ts';

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
