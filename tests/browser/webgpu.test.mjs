// WebGPU beyond its tokens: who chooses it, and what happens when it dies.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GALLERY, choose, loadModel, missing, open, screenshot, segment, state, visit, webgpuRuns } from './page.mjs';

const gallery = missing ? [] : JSON.parse(readFileSync(join(GALLERY, 'gallery.json'), 'utf8'));
const first = gallery[0] && { image: gallery[0].image, text: gallery[0].sentences[0].text };
const SLOW = 900_000;

/** Put before the engine's glue, it counts what the engine asks of WebGPU. */
const COUNTING = `{
  const calls = (globalThis.gpuCalls = {});
  const count = ({ prototype }, name) => {
    const call = prototype[name];
    calls[name] = 0;
    prototype[name] = function (...given) {
      calls[name] += 1;
      return call.apply(this, given);
    };
  };
  count(GPUComputePassEncoder, 'dispatchWorkgroups');
  count(GPUQueue, 'submit');
  count(GPUBuffer, 'mapAsync');
  count(GPUDevice, 'createBuffer');
  count(GPUDevice, 'createComputePipeline');

  globalThis.gpuBytes = 0;
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (wanted) {
    globalThis.gpuBytes += wanted.size;
    return createBuffer.call(this, wanted);
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    globalThis.gpuBytes -= this.size;
    return destroy.call(this);
  };
}
`;

/** Masks after which device memory must not grow; more to look closer. */
const MASKS = Number(process.env.MRISEG_WEBGPU_MASKS ?? 6);

describe('page with a software WebGPU adapter', { skip: missing }, () => {
  let session;
  before(async () => {
    session = await open({ webgpu: true });
  });
  after(() => session?.close());

  test('a software adapter is not chosen by itself, and its engine is not downloaded', async () => {
    const begin = session.server.requests.length;
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    assert.match(await page.getByTestId('badge').textContent(), /^CPU engine: WebGPU is only a software adapter/);
    assert.ok(!session.server.requests.slice(begin).some((line) => line.includes('engine-webgpu')));
    nothingWrong();
    await page.context().close();
  });

  test('a pass is few kernels, all compiled before the first picture, and memory does not grow', async (t) => {
    const context = await session.browser.newContext();
    await context.route('**/engine-webgpu/*.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: COUNTING + (await response.text()) });
    });
    const { page, nothingWrong } = await visit(session, { query: '?engine=webgpu', context });
    await loadModel(page, { timeout: SLOW });
    await webgpuRuns(page, SLOW);
    const worker = page.workers().at(-1);
    const counts = () => worker.evaluate(() => ({ ...globalThis.gpuCalls }));
    await choose(page, 'decode-select', 'greedy');
    const before = await counts();
    // A sentence without a ground truth: nothing is asked of the engine after its mask.
    const { tokens } = await segment(page, { image: first.image, text: 'left lung' }, SLOW);
    const after = await counts();
    const calls = Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
    t.diagnostic(`${tokens.length} passes, encoder and prefill too: ${JSON.stringify(calls)}`);
    assert.equal(calls.createComputePipeline, 0);
    // Plain tensor operations take more than a hundred. Encoder, prefill, and passes that were chained in vain too.
    assert.ok(calls.dispatchWorkgroups > 0 && calls.dispatchWorkgroups <= 30 * tokens.length);
    // Up to eight passes are read back together, and a submit holds more than one.
    assert.ok(calls.mapAsync <= tokens.length / 2 + 10);
    assert.ok(calls.submit <= tokens.length + 20);

    const bytes = () => worker.evaluate(() => globalThis.gpuBytes);
    await choose(page, 'decode-select', 'speculative');
    for (const { image } of gallery) await segment(page, { image, text: 'left lung' }, SLOW);
    const held = await bytes();
    for (let mask = 0; mask < MASKS; mask++) {
      const { image } = gallery[mask % gallery.length];
      await segment(page, { image, text: ['right lung', 'infection in both lungs', 'left lung'][mask % 3] }, SLOW);
    }
    t.diagnostic(`device memory: ${(held / 1e6).toFixed(1)} MB, after ${MASKS} more masks ${((await bytes()) / 1e6).toFixed(1)} MB`);
    assert.equal(await bytes(), held);
    nothingWrong();
    await context.close();
  });

  test('a lost GPU is told, and the CPU engine goes on behind the tokens that are there, with the same mask', async () => {
    const { page } = await visit(session, { query: '?engine=webgpu' });
    await loadModel(page, { timeout: SLOW });
    await webgpuRuns(page, SLOW);
    const whole = await segment(page, first, SLOW);
    await page.getByTestId('pace-select').selectOption('slow');
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['decoding', 'error'], SLOW), 'decoding');
    const devtools = await session.browser.newBrowserCDPSession();
    await devtools.send('Browser.crashGpuProcess');
    assert.equal(await state(page, ['done', 'error'], 120_000), 'done');
    assert.match(await page.getByRole('alert').textContent(), /GPU stopped working.*goes on with the CPU engine/);
    assert.match(await page.getByTestId('badge').textContent(), /^CPU engine: the GPU stopped working/);
    const { tokens, mask } = await page.evaluate(() => window.__mriseg.last);
    assert.deepEqual(tokens, whole.tokens);
    assert.deepEqual(mask, whole.mask);
    await screenshot(page, 'gpu-lost');
    assert.ok((await segment(page, first)).tokens.length > 0);
    await page.context().close();
  });
});
