// The page under test: launching, guarding and driving it through its test ids.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from './server.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const DIST = process.env.MRISEG_DIST ?? join(ROOT, 'www/dist');
export const GALLERY = join(DIST, 'gallery');
export const BUNDLE = process.env.MRISEG_BUNDLE ?? 'phantom';

/** A changed manifest as a file, with the digest that it has to have of itself. */
export function sealed(manifest) {
  const none = '0'.repeat(64);
  const text = JSON.stringify({ ...manifest, own_sha256: none });
  return text.replace(none, createHash('sha256').update(text).digest('hex'));
}

/** Why the page cannot be tested here, or false. */
export const missing =
  (!existsSync(join(DIST, 'engines.json')) && 'the page is not built: run ./scripts/build-web') ||
  (!existsSync(join(GALLERY, 'gallery.json')) && 'the page has no gallery: put one into www/public/gallery') ||
  (!existsSync(join(DIST, `bundles/${BUNDLE}/manifest.json`)) &&
    `the page has no ${BUNDLE} bundle: export one into www/public/bundles/${BUNDLE}, then run ./scripts/build-web`);

/** Cases of native greedy decoding, or undefined with no MRISEG_NATIVE_TOKENS. */
export function nativeCases() {
  const file = process.env.MRISEG_NATIVE_TOKENS;
  return file && JSON.parse(readFileSync(file, 'utf8'));
}

/** Folder of the pictures of those cases; without it they are gallery pictures. */
export const PICTURES = process.env.MRISEG_PICTURES;
const PAUSE_MS = 20;

/** A browser and a server; `webgpu` gives it Chromium's software adapter. */
export async function open({ webgpu = false, ...serving } = {}) {
  const server = await serve(DIST, serving);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', ...(webgpu ? ['--enable-unsafe-webgpu'] : [])],
  });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { browser, server, close };
}

/**
 * A page of a fresh profile that remembers everything that must not happen. It has no service worker unless `options`
 * allow one: what it asks for could not be changed by the test then.
 */
export async function visit({ browser, server }, { query = '', context, ...options } = {}) {
  const profile = context ?? (await browser.newContext({ viewport: { width: 1360, height: 1000 }, serviceWorkers: 'block', ...options }));
  const page = await profile.newPage();
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' || /webgpu|wgsl|shader|validation|content security/i.test(text)) {
      wrong.push(`console ${message.type()}: ${text}`);
    }
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    const own = origin === new URL(server.url).origin;
    // A blob of the page's own making is no request to anyone.
    if (request.method() !== 'GET' || !(own || protocol === 'blob:')) {
      wrong.push(`request: ${request.method()} ${request.url()}`);
    }
  });
  await page.goto(server.url + query);
  await state(page, 'idle');
  return { page, context: profile, wrong, nothingWrong: () => assert.deepEqual(wrong, []) };
}

/** Waits until the page is in one of `names` and gives the one it is in. */
export async function state(page, names, timeout = 60_000) {
  const wanted = [names].flat();
  await page
    .waitForFunction(
      (wanted) => wanted.includes(document.querySelector('[data-testid=status]')?.dataset.state),
      wanted,
      { timeout },
    )
    .catch(async (error) => {
      const text = await page.getByTestId('status').textContent();
      throw new Error(`waited for ${wanted}, the status is: ${text}`, { cause: error });
    });
  return page.getByTestId('status').getAttribute('data-state');
}

/** Does `work` in the dialog of the settings. */
export async function settings(page, work) {
  await page.getByTestId('open-settings').click();
  await work();
  await page.getByTestId('close-settings').click();
}

/** Chooses in a menu of the settings. */
export async function choose(page, testId, value) {
  await settings(page, () => page.getByTestId(testId).selectOption(value));
}

/** Loads the bundle of the tests, or another one, and waits for Ready. */
export async function loadModel(page, { model = BUNDLE, timeout = 300_000 } = {}) {
  await settings(page, async () => {
    await page.getByTestId('model-select').selectOption(model);
    await page.getByTestId('load-model').click();
    const reached = await state(page, ['ready', 'error'], timeout);
    assert.equal(reached, 'ready', await page.getByTestId('status').textContent());
  });
}

/** Waits until the WebGPU engine answers: the CPU engine begins while it gets ready. */
export async function webgpuRuns(page, timeout = 300_000) {
  await page.waitForFunction(() => document.querySelector('[data-testid=badge]').dataset.engine === 'webgpu', null, { timeout });
}

/** Opens a picture: from `folder` as a user's own file, else from the gallery, by its thumbnail where there is one. */
export async function openPicture(page, image, folder) {
  if (folder) {
    await page.getByTestId('file-input').setInputFiles(join(folder, image));
    return shown(page, image);
  }
  const items = JSON.parse(readFileSync(join(GALLERY, 'gallery.json'), 'utf8'));
  const item = items.find((item) => item.image === image);
  if (item) await page.locator(`[data-testid=gallery-item][data-id="${item.id}"]`).click();
  else await page.getByTestId('file-input').setInputFiles(join(GALLERY, image));
  await shown(page, image);
}

/** Waits until the picture of this name is on the page. */
export async function shown(page, name) {
  await page
    .waitForFunction((name) => document.querySelector('#stage').dataset.picture === name, name)
    .catch(async (error) => {
      const text = await page.getByRole('alert').textContent();
      throw new Error(`waited for the picture ${name}, the notice is: ${text}`, { cause: error });
    });
}

/** A gallery picture in a frame of one grey: `frame` names its pixels on each side. */
export async function framed(page, image, { left, right, above, below }) {
  const base64 = await page.evaluate(
    async ([url, left, right, above, below]) => {
      const bitmap = await createImageBitmap(await (await fetch(url)).blob());
      const canvas = new OffscreenCanvas(bitmap.width + left + right, bitmap.height + above + below);
      const context = canvas.getContext('2d');
      context.fillStyle = 'rgb(230 230 230)';
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(bitmap, left, above);
      const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
      return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
    },
    [`gallery/${image}`, left, right, above, below],
  );
  return { name: 'framed.png', mimeType: 'image/png', buffer: Buffer.from(base64, 'base64') };
}

/** Waits until the line below the sentence says this. */
export async function reads(page, expected) {
  const line = page.getByTestId('reading-line');
  await page
    .waitForFunction(
      ([source, flags]) =>
        new RegExp(source, flags).test(document.querySelector('[data-testid=reading-line]').textContent),
      [expected.source, expected.flags],
      { timeout: 5_000 },
    )
    .catch(async (error) => {
      throw new Error(`waited for ${expected}, the line is: ${await line.textContent()}`, { cause: error });
    });
}

/** A file of one's own is taken for an X-ray: chooses the bundle of the test again. */
async function chosenModel(page) {
  if ((await page.getByTestId('model-select').inputValue()) !== BUNDLE) await choose(page, 'model-select', BUNDLE);
}

/** Segments and gives `window.__mriseg.last`. */
export async function segment(page, { image, text, folder }, timeout = 120_000) {
  await openPicture(page, image, folder);
  await chosenModel(page);
  await page.getByTestId('prompt').fill(text);
  await page.getByTestId('segment').click();
  const reached = await state(page, ['done', 'error'], timeout);
  assert.equal(reached, 'done', await page.getByTestId('status').textContent());
  return page.evaluate(() => window.__mriseg.last);
}

/**
 * Clicks a control from inside the page, as soon as `tokens` tokens are there; decodes one token per pass.
 * The worker is made to pause between passes: a whole mask of the test bundle can take less time than the
 * page needs to draw its first frame.
 */
export async function clickAfter(page, tokens, testId, index = 0) {
  await choose(page, 'decode-select', 'greedy');
  for (const worker of page.workers()) {
    await worker.evaluate((pause) => {
      const post = MessagePort.prototype.postMessage;
      MessagePort.prototype.postMessage = function (...message) {
        setTimeout(() => post.apply(this, message), pause);
      };
    }, PAUSE_MS);
  }
  await page.evaluate(
    ([tokens, testId, index]) => {
      const count = document.querySelector('[data-testid=token-count]');
      const observer = new MutationObserver(() => {
        if (!(Number.parseInt(count.textContent, 10) >= tokens)) return;
        observer.disconnect();
        document.querySelectorAll(`[data-testid=${testId}]`)[index].click();
      });
      observer.observe(count, { childList: true, characterData: true, subtree: true });
    },
    [tokens, testId, index],
  );
}

/** Saves a picture of the page where MRISEG_SCREENSHOTS says, else in target/screenshots. */
export async function screenshot(page, name) {
  const folder = process.env.MRISEG_SCREENSHOTS ?? join(ROOT, 'target/screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** The timing panel as one line. */
export async function timing(page) {
  return page.getByTestId('timing').evaluate((list) =>
    [...list.children].map((row) => [...row.children].map((cell) => cell.textContent).join(' ')).join(', '),
  );
}
