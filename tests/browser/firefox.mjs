// The page in Firefox: launching it and driving the page through its test ids, as page.mjs does in Chromium.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { BUNDLE, DIST, GALLERY } from './page.mjs';
import { serve } from './server.mjs';

const FIREFOX = [process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'].find((path) => path && existsSync(path));

/** Why there is no Firefox to test with, or false. */
export const noFirefox = !FIREFOX && 'there is no Firefox: run ./scripts/setup, or set FIREFOX=/path/to/firefox';

/** Firefox with a fresh profile, and a server. */
export async function openFirefox() {
  const server = await serve(DIST);
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { browser, server, close };
}

const one = (testId) => `[data-testid=${testId}]`;
const text = (page, testId) => page.$eval(one(testId), (element) => element.textContent);

/** A page that remembers what must not happen, once it is idle. */
export async function visit({ browser, server }, query = '') {
  const page = await browser.newPage();
  await page.setViewport({ width: 1360, height: 1000 });
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    // Firefox itself has a font at a data address.
    const own = origin === new URL(server.url).origin || protocol === 'blob:' || protocol === 'data:';
    if (request.method() !== 'GET' || !own) wrong.push(`request: ${request.method()} ${request.url()}`);
  });
  await page.goto(server.url + query);
  await state(page, ['idle']);
  return { page, nothingWrong: () => assert.deepEqual(wrong, []) };
}

/** Waits until the page is in one of `wanted` and gives the one it is in. */
export async function state(page, wanted, timeout = 60_000) {
  await page
    .waitForFunction(
      (selector, wanted) => wanted.includes(document.querySelector(selector)?.dataset.state),
      { timeout, polling: 50 },
      one('status'),
      wanted,
    )
    .catch(async (error) => {
      throw new Error(`waited for ${wanted}, the status is: ${await text(page, 'status')}`, { cause: error });
    });
  return page.$eval(one('status'), (status) => status.dataset.state);
}

export async function loadModel(page) {
  await page.select(one('model-select'), BUNDLE);
  await click(page, 'load-model');
  const reached = await state(page, ['ready', 'error'], 120_000);
  assert.equal(reached, 'ready', await text(page, 'status'));
}

/** Opens a picture of the gallery, or of `folder` as a user's own, and segments; gives `window.__mriseg.last`. */
export async function segment(page, { image, text: sentence, folder }) {
  await ask(page, { image, text: sentence, folder });
  const reached = await state(page, ['done', 'error'], 120_000);
  assert.equal(reached, 'done', await text(page, 'status'));
  return page.evaluate(() => {
    const { tokens, mask } = window.__mriseg.last;
    return { tokens: [...tokens], mask: [...mask] };
  });
}

/** Opens the picture, writes the sentence and presses Segment. */
export async function ask(page, { image, text: sentence, folder }) {
  const item = gallery().find((item) => item.image === image);
  if (!folder && item) await page.click(`[data-testid=gallery-item][data-id="${item.id}"]`);
  else await (await page.$(one('file-input'))).uploadFile(join(folder ?? GALLERY, image));
  await page.waitForFunction((name) => document.querySelector('#stage').dataset.picture === name, {}, image);
  // A file of one's own is taken for an X-ray.
  await page.select(one('model-select'), BUNDLE);
  await page.$eval(
    one('prompt'),
    (prompt, sentence) => {
      prompt.value = sentence;
      prompt.dispatchEvent(new Event('input', { bubbles: true }));
    },
    sentence,
  );
  await page.waitForFunction((selector) => !document.querySelector(selector).disabled, {}, one('segment'));
  await click(page, 'segment');
}

/** Presses Stop, from inside the page, as soon as the first token is there. One token per pass, so that it is in time. */
export async function stopAtFirstToken(page) {
  await page.select(one('decode-select'), 'greedy');
  await page.evaluate(
    (count, stop) => {
      const shown = document.querySelector(count);
      const observer = new MutationObserver(() => {
        if (!(Number.parseInt(shown.textContent, 10) >= 1)) return;
        observer.disconnect();
        document.querySelector(stop).click();
      });
      observer.observe(shown, { childList: true, characterData: true, subtree: true });
    },
    one('token-count'),
    one('stop'),
  );
}

export async function click(page, testId) {
  await page.$eval(one(testId), (element) => element.click());
}

export const statusText = (page) => text(page, 'status');

export const gallery = () => JSON.parse(readFileSync(join(GALLERY, 'gallery.json'), 'utf8'));
