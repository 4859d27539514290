// The page without a network, and how a new build replaces an old one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BUNDLE, DIST, GALLERY, loadModel, missing, open, segment, settings, state, visit } from './page.mjs';

const gallery = missing ? [] : JSON.parse(readFileSync(join(GALLERY, 'gallery.json'), 'utf8'));
const first = gallery[0] && { image: gallery[0].image, text: gallery[0].sentences[0].text };
const ALLOWED = { serviceWorkers: 'allow' };
const sha256 = (content) => createHash('sha256').update(content).digest('hex');

/** A browser and a server that end with the test, also where it fails. */
async function opened(t, options) {
  const session = await open(options);
  t.after(() => session.close());
  return session;
}

/** Waits until `question`, asked inside the page, is answered with true. Playwright's own waiting takes no promise. */
async function until(page, question, argument) {
  const end = performance.now() + 20_000;
  while (!(await page.evaluate(question, argument))) {
    assert.ok(performance.now() < end, `waited too long for ${question}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until the service worker keeps the page. */
async function kept(page) {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active.state === 'activated') return;
    await new Promise((resolve) => active.addEventListener('statechange', resolve, { once: true }));
  });
}

/** Waits until the files of the model, its manifest and one engine are written. */
async function modelKept(page) {
  const manifest = JSON.parse(readFileSync(join(DIST, `bundles/${BUNDLE}/manifest.json`), 'utf8'));
  const files = manifest.shards.length + 4;
  await until(page, async (files) => {
    const keys = await (await caches.open('mriseg-files-1')).keys();
    return keys.filter(({ url }) => !url.includes('incomplete')).length >= files;
  }, files);
}

/** The build with another start page, as the plugin would list it. */
function nextBuild(t) {
  const folder = mkdtempSync(join(tmpdir(), 'mriseg-build-'));
  cpSync(DIST, folder, { recursive: true });
  const before = readFileSync(join(folder, 'index.html'), 'utf8');
  const after = before.replace('<body ', '<body data-build="next" ');
  assert.notEqual(after, before);
  writeFileSync(join(folder, 'index.html'), after);
  const worker = readFileSync(join(folder, 'sw.js'), 'utf8');
  const changed = worker.replace(sha256(before), sha256(after)).replace(/version:`(\w+)`/, 'version:`next-$1`');
  assert.equal(changed.length, worker.length + 'next-'.length);
  writeFileSync(join(folder, 'sw.js'), changed);
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder };
}

const buildOf = (page) => page.evaluate(() => document.body.dataset.build ?? 'first');

/** Waits until the next version is there and waits. */
const isWaiting = (page) =>
  until(page, async () => Boolean((await navigator.serviceWorker.getRegistration())?.waiting));

/** Asks the waiting version to take over, as the page does. */
const apply = (page) =>
  page.evaluate(async () => {
    const { waiting } = await navigator.serviceWorker.getRegistration();
    const { port1, port2 } = new MessageChannel();
    const changed = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
    const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    waiting.postMessage({ kind: 'apply' }, [port2]);
    if ((await answer) === 'applied') await changed;
    return answer;
  });

describe('without a network', { skip: missing }, () => {
  for (const base of ['/', '/some/where/']) {
    test(`from the second visit the page opens and segments as before, at ${base}`, async (t) => {
      const session = await opened(t, { base });
      const { page, context, nothingWrong } = await visit(session, ALLOWED);
      await loadModel(page);
      const before = await segment(page, first);
      await kept(page);
      await modelKept(page);
      nothingWrong();
      await page.close();
      await session.server.close();

      for (const query of ['', '?engine=cpu', 'index.html#model=phantom']) {
        const again = await visit(session, { context, query });
        await loadModel(again.page);
        const { tokens, mask } = await segment(again.page, first);
        assert.deepEqual(tokens, before.tokens);
        assert.deepEqual(mask, before.mask);
        again.nothingWrong();
        await again.page.close();
      }
    });
  }

  test('nothing large is kept before the click', async (t) => {
    const session = await opened(t);
    const { page } = await visit(session, ALLOWED);
    await kept(page);
    const asked = session.server.requests;
    assert.ok(!asked.some((line) => /\.wasm|safetensors|tokenizer/.test(line)), asked.join('\n'));
    const names = await page.evaluate(() => caches.keys());
    assert.equal(names.length, 1);
    assert.ok(names[0].startsWith(`mriseg-page ${session.server.url} `), names[0]);
  });

  test('a cleared cache keeps nothing, and the next visit keeps the page anew', async (t) => {
    const session = await opened(t);
    const { page, context } = await visit(session, ALLOWED);
    await kept(page);
    await settings(page, () => page.getByTestId('clear-cache').click());
    await until(page, async () => (await caches.keys()).length === 0);
    await visit(session, { context });
    await until(page, async () => (await caches.keys()).length === 1);
    await session.server.close();
    await visit(session, { context });
  });
});

describe('a new build', { skip: missing }, () => {
  test('waits until no tab runs the old one, then replaces it whole', async (t) => {
    const next = nextBuild(t);
    const session = await opened(t);
    const { page, context, nothingWrong } = await visit(session, ALLOWED);
    await kept(page);
    session.server.swap(next.folder);
    // The old build still answers, and the new one is fetched behind it: only what differs.
    await page.reload();
    await state(page, 'idle');
    const begin = session.server.requests.length;
    assert.equal(await buildOf(page), 'first');
    await isWaiting(page);
    assert.deepEqual(session.server.requests.slice(begin).filter((line) => /assets|gallery/.test(line)), []);

    const second = await visit(session, { context });
    assert.equal(await buildOf(second.page), 'first');
    assert.equal(await apply(page), 'other-tabs');
    await second.page.close();
    assert.equal(await apply(page), 'applied');
    await page.reload();
    await state(page, 'idle');
    assert.equal(await buildOf(page), 'next');
    const names = await page.evaluate(() => caches.keys());
    assert.deepEqual(names.map((name) => / next-\w+$/.test(name)), [true]);
    nothingWrong();
  });

  test('that is only half on the server is not taken', async (t) => {
    const next = nextBuild(t);
    const session = await opened(t);
    const { page } = await visit(session, ALLOWED);
    await kept(page);
    // Its worker is there, its start page is still the old one.
    writeFileSync(join(next.folder, 'index.html'), readFileSync(join(DIST, 'index.html')));
    session.server.swap(next.folder);
    const installed = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      await registration.update().catch(() => {});
      const worker = registration.installing;
      if (worker) await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }));
      return worker?.state;
    });
    assert.equal(installed, 'redundant');
    await session.server.close();
    await page.reload();
    await state(page, 'idle');
    assert.equal(await buildOf(page), 'first');
  });
});

test('a browser without service workers misses nothing else', { skip: missing }, async (t) => {
  const session = await opened(t);
  const { page, context, nothingWrong } = await visit(session);
  await context.addInitScript(() => delete Navigator.prototype.serviceWorker);
  await page.reload();
  await state(page, 'idle');
  assert.equal(await page.evaluate(() => navigator.serviceWorker), undefined);
  await loadModel(page);
  assert.ok((await segment(page, first)).tokens.length > 0);
  nothingWrong();
});
