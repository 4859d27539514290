// What goes wrong on the way to a model, and what the page makes of it.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BUNDLE, DIST, GALLERY, loadModel, missing, open, openPicture, sealed, segment, state, visit } from './page.mjs';

const gallery = missing ? [] : JSON.parse(readFileSync(join(GALLERY, 'gallery.json'), 'utf8'));
const first = gallery[0] && { image: gallery[0].image, text: gallery[0].sentences[0].text };
const SHARD = 'weights-00.safetensors';

/** A browser and a server that end with the test, also where it fails. */
async function opened(t, options) {
  const session = await open(options);
  t.after(() => session.close());
  return session;
}

/** A page in a profile of its own, in which `script` runs before all else. */
async function prepared(session, script, argument, query) {
  const context = await session.browser.newContext({ serviceWorkers: 'block' });
  await context.addInitScript(script, argument);
  return visit(session, { context, query });
}

/** Presses Segment and gives what the page says of the failure. */
async function failure(page) {
  await page.getByTestId('segment').click();
  await state(page, 'error');
  return page.getByTestId('status').textContent();
}

describe('faults', { skip: missing }, () => {
  test('a WebGPU driver that never answers holds the page up for three seconds, then the CPU runs', async (t) => {
    const session = await opened(t, { webgpu: true });
    const hang = () => (GPU.prototype.requestAdapter = () => new Promise(() => {}));
    const { page, nothingWrong } = await prepared(session, hang, null, '?engine=webgpu');
    await loadModel(page);
    assert.match(await page.getByTestId('badge').textContent(), /^CPU engine: .*WebGPU did not answer within 3 seconds/);
    assert.ok((await segment(page, first)).tokens.length > 0);
    nothingWrong();
  });

  test('pictures are there while a WebGPU driver hangs', async (t) => {
    const session = await opened(t, { webgpu: true });
    const context = await session.browser.newContext({ serviceWorkers: 'block' });
    await context.addInitScript(() => (GPU.prototype.requestAdapter = () => new Promise(() => {})));
    const page = await context.newPage();
    await page.goto(session.server.url);
    await page.waitForFunction(() => document.querySelector('#stage').dataset.picture, null, { timeout: 2_500 });
    assert.equal(await page.getByTestId('status').getAttribute('data-state'), 'probe');
    assert.ok(await page.getByTestId('segment').isDisabled());
    await state(page, 'idle');
  });

  test('a host that answers every address with its start page is told as such, by the name of each missing file', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mriseg-faults-'));
    t.after(() => rmSync(folder, { recursive: true }));
    cpSync(DIST, folder, { recursive: true });
    const session = await opened(t, { single: true });
    session.server.swap(folder);
    const notice = (page) => page.getByRole('alert').textContent();
    const shows = (page) => page.waitForFunction(() => /missing/.test(document.querySelector('#notice').textContent));
    const openSixteen = async (page) => {
      await page.getByTestId('file-input').setInputFiles(join(import.meta.dirname, 'fixtures/pictures/twelve-in-sixteen.png'));
      await shows(page);
      return notice(page);
    };
    const onArrival = async (page) => {
      await shows(page);
      return notice(page);
    };
    const onClick = async (page) => {
      await page.getByTestId('gallery-item').nth(1).click();
      await shows(page);
      return notice(page);
    };
    const bundle = `bundles/${BUNDLE}`;
    const missed = [
      [`${bundle}/manifest.json`, failure],
      [`${bundle}/${SHARD}`, failure],
      [`${bundle}/tokenizer.json`, failure],
      [`${bundle}/card.md`, failure],
      ['engine-cpu-relaxed/mriseg_web_bg.wasm', failure],
      ['engine-cpu-relaxed/mriseg_web.js', failure],
      ['engines.json', onArrival],
      ['bundles/index.json', onArrival],
      ['gallery/gallery.json', onArrival],
      [`gallery/${gallery[1].image}`, onClick],
      ['imaging.json', openSixteen],
      ['imaging/mriseg_imaging_bg.wasm', openSixteen],
      ['imaging/mriseg_imaging.js', openSixteen],
    ];
    for (const [file, tell] of missed) {
      rmSync(join(folder, file));
      const { page, context } = await visit(session);
      const name = file.split('/').at(-1).replace('.', '\\.');
      assert.match(await tell(page), new RegExp(`${name} is missing: the server answered with a web page in its place\\. Copy the file to the server`), file);
      cpSync(join(DIST, file), join(folder, file));
      // All of it is there again: the same page goes on, but for the lists, which it reads once.
      if (tell === failure) {
        await loadModel(page);
        assert.ok((await segment(page, first)).tokens.length > 0);
      }
      if (tell === openSixteen) await openPicture(page, 'twelve-in-sixteen.png', join(import.meta.dirname, 'fixtures/pictures'));
      await context.close();
    }
    // Without its ground truth a mask is as good.
    rmSync(join(folder, 'gallery', gallery[0].sentences[0].truth));
    const { page, nothingWrong } = await visit(session);
    assert.ok((await segment(page, first)).tokens.length > 0);
    nothingWrong();
  });

  test('a full storage costs the next visit a download, and this one nothing', async (t) => {
    const session = await opened(t);
    const full = () => (Cache.prototype.put = () => Promise.reject(new DOMException('full', 'QuotaExceededError')));
    const { page, nothingWrong } = await prepared(session, full);
    await loadModel(page);
    await page.getByText('This browser keeps no files for us').waitFor({ state: 'attached' });
    assert.ok((await segment(page, first)).tokens.length > 0);
    nothingWrong();
  });

  test('a storage that cannot be opened, or not be read, is as good as none', async (t) => {
    const session = await opened(t);
    const faults = [
      () => (CacheStorage.prototype.open = () => Promise.reject(new DOMException('no', 'SecurityError'))),
      () => (Cache.prototype.match = () => Promise.reject(new DOMException('broken', 'UnknownError'))),
    ];
    for (const fault of faults) {
      const { page, context, nothingWrong } = await prepared(session, fault);
      await loadModel(page);
      assert.ok((await segment(page, first)).tokens.length > 0);
      nothingWrong();
      await context.close();
    }
  });

  test('kept files that are cut off or changed are downloaded again, and no others', async (t) => {
    const session = await opened(t);
    const { page, context, nothingWrong } = await visit(session);
    await loadModel(page);
    await page.getByText('Models are kept in this browser').waitFor({ state: 'attached' });
    const { shards } = JSON.parse(readFileSync(join(DIST, `bundles/${BUNDLE}/manifest.json`), 'utf8'));
    // A kept note may be of before the load: wait for the files themselves.
    const damaged = await page.evaluate(async ([cut, changed]) => {
      const cache = await caches.open('mriseg-files-1');
      const find = async (hash) => {
        for (;;) {
          const key = (await cache.keys()).find(({ url }) => url.endsWith(`cached/${hash}`));
          if (key) return key;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      for (const [hash, change] of [
        [cut, (bytes) => bytes.slice(0, 1000)],
        [changed, (bytes) => bytes.fill(0, 100, 200)],
      ]) {
        const key = await find(hash);
        const bytes = new Uint8Array(await (await cache.match(key)).arrayBuffer());
        await cache.put(key, new Response(change(bytes)));
      }
      return true;
    }, shards.map(({ sha256 }) => sha256));
    assert.ok(damaged);
    const begin = session.server.requests.length;
    const again = await visit(session, { context });
    await loadModel(again.page);
    const large = session.server.requests.slice(begin).filter((line) => /safetensors|\.wasm/.test(line));
    assert.deepEqual(large.map((line) => line.split('/').at(-1)).sort(), ['weights-00.safetensors', 'weights-01.safetensors']);
    assert.ok((await segment(again.page, first)).tokens.length > 0);
    nothingWrong();
    again.nothingWrong();
  });

  test('a connection that dies names the file, and Segment goes on from what is there', async (t) => {
    const session = await opened(t);
    const { page } = await visit(session);
    await page.route(`**/${SHARD}`, (route) => route.abort('connectionreset'));
    assert.match(await failure(page), new RegExp(`^${SHARD} could not be fetched\\. Check the connection`));
    // What else was under way stays silent: the page remains where it is.
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await page.getByTestId('status').getAttribute('data-state'), 'error');
    await page.unroute(`**/${SHARD}`);
    await loadModel(page);
  });

  test('a manifest that is no longer the listed one still loads, and one that disagrees with its files does not', async (t) => {
    const session = await opened(t);
    const { page } = await visit(session);
    const manifest = (change) =>
      page.route(`**/${BUNDLE}/manifest.json`, async (route) => {
        const given = await (await route.fetch()).json();
        change(given);
        await route.fulfill({ body: sealed(given) });
      });
    await manifest((given) => (given.shards[0].bytes += 1));
    assert.match(await failure(page), /^weights-00\.safetensors broke off after \d+ of \d+ bytes/);
    await page.unroute(`**/${BUNDLE}/manifest.json`);
    await manifest((given) => (given.name = 'renamed'));
    await loadModel(page);
  });
});
