import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidates, decide, isSoftware, parsePreference, type Probe } from '../../src/engine/choose.ts';

const REAL: Probe = { works: true, software: false, detail: 'nvidia ada' };
const SOFTWARE: Probe = { works: true, software: true, detail: 'google swiftshader' };
const NONE: Probe = { works: false, software: false, detail: 'this browser has no WebGPU adapter' };
const FAST = { prefillMs: 50, msPerToken: 1 };
const SLOW = { prefillMs: 300, msPerToken: 5 };

test('a real GPU is measured against the CPU, which starts first', () => {
  assert.deepEqual(candidates('auto', REAL), ['cpu', 'webgpu']);
});

test('the faster engine for a whole mask wins, and the reason has both numbers', () => {
  assert.equal(decide('auto', REAL, { cpu: SLOW, webgpu: FAST }, 196).engine, 'webgpu');
  const choice = decide('auto', REAL, { cpu: FAST, webgpu: SLOW }, 196);
  assert.equal(choice.engine, 'cpu');
  assert.match(choice.reason, /1\.0 ms.*CPU.*5\.0 ms.*nvidia ada/);
});

test('a slow prefill can lose what fast tokens win', () => {
  const quickTokens = { prefillMs: 2000, msPerToken: 0.5 };
  assert.equal(decide('auto', REAL, { cpu: FAST, webgpu: quickTokens }, 196).engine, 'cpu');
});

test('a software adapter is never the automatic choice and not even downloaded', () => {
  assert.deepEqual(candidates('auto', SOFTWARE), ['cpu']);
  const choice = decide('auto', SOFTWARE, { cpu: SLOW }, 196);
  assert.equal(choice.engine, 'cpu');
  assert.match(choice.reason, /software adapter/);
});

test('a software adapter runs when it is asked for', () => {
  assert.deepEqual(candidates('webgpu', SOFTWARE), ['webgpu']);
  assert.equal(decide('webgpu', SOFTWARE, { webgpu: SLOW }, 196).engine, 'webgpu');
});

test('without WebGPU the CPU runs, whatever was asked, and the reason says so', () => {
  assert.deepEqual(candidates('webgpu', NONE), ['cpu']);
  assert.match(decide('webgpu', NONE, { cpu: SLOW }, 196).reason, /was asked for, but this browser has no/);
  assert.equal(decide('auto', NONE, { cpu: SLOW }, 196).reason, NONE.detail);
});

test('an engine that did not start is not chosen', () => {
  assert.equal(decide('auto', REAL, { cpu: SLOW }, 196).engine, 'cpu');
  assert.equal(decide('auto', REAL, { webgpu: SLOW }, 196).engine, 'webgpu');
  assert.equal(decide('webgpu', REAL, { cpu: SLOW }, 196).engine, 'cpu');
});

test('choosing the CPU starts nothing else', () => {
  assert.deepEqual(candidates('cpu', REAL), ['cpu']);
  assert.equal(decide('cpu', REAL, { cpu: SLOW }, 196).reason, 'chosen by you');
});

test('software adapters are known by name', () => {
  assert.ok(isSoftware('google', 'swiftshader', ''));
  assert.ok(isSoftware('mesa', '', 'llvmpipe (LLVM 15.0.6, 256 bits)'));
  assert.ok(!isSoftware('nvidia', 'ada', 'NVIDIA GeForce RTX 4070'));
});

test('the address can choose the engine, and nonsense is automatic', () => {
  assert.equal(parsePreference('?engine=webgpu'), 'webgpu');
  assert.equal(parsePreference('?engine=cpu&x=1'), 'cpu');
  assert.equal(parsePreference('?engine=tpu'), 'auto');
  assert.equal(parsePreference(''), 'auto');
});
