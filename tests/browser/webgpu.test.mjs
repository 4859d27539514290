// WebGPU beyond its tokens: who chooses it, and what happens when it dies.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GALLERY, loadModel, missing, open, screenshot, segment, state, visit } from './page.mjs';

const gallery = missing ? [] : JSON.parse(readFileSync(join(GALLERY, 'gallery.json'), 'utf8'));
const first = gallery[0] && { image: gallery[0].image, text: gallery[0].sentences[0].text };
const SLOW = 900_000;

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

  test('a lost GPU is told with its remedy, and the CPU engine goes on', async () => {
    const { page } = await visit(session, { query: '?engine=webgpu' });
    await loadModel(page, SLOW);
    assert.match(await page.getByTestId('badge').textContent(), /^WebGPU engine/);
    await page.getByTestId('prompt').fill(first.text);
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['decoding', 'error'], SLOW), 'decoding');
    const devtools = await session.browser.newBrowserCDPSession();
    await devtools.send('Browser.crashGpuProcess');
    await state(page, 'ready', 120_000);
    assert.match(await page.getByRole('alert').textContent(), /GPU stopped working.*goes on with the CPU engine/);
    assert.match(await page.getByTestId('badge').textContent(), /^CPU engine: the GPU stopped working/);
    await screenshot(page, 'gpu-lost');
    assert.ok((await segment(page, first)).tokens.length > 0);
    await page.context().close();
  });
});
