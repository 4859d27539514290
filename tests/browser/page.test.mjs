// What a visitor meets: choosing, stopping, mistakes, privacy, accessibility.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  BUNDLE,
  DIST,
  GALLERY,
  choose,
  clickAfter,
  framed,
  loadModel,
  missing,
  open,
  reads,
  screenshot,
  sealed,
  segment,
  settings,
  shown,
  state,
  timing,
  visit,
} from './page.mjs';
import { serve } from './server.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const gallery = missing ? [] : JSON.parse(readFileSync(join(GALLERY, 'gallery.json'), 'utf8'));
const first = gallery[0] && { image: gallery[0].image, text: gallery[0].sentences[0].text };
const SHARD = '**/weights-00.safetensors';

/** Runs axe in the page. It is evaluated, not inserted: the page's policy allows no foreign script. */
async function violations(page) {
  await page.evaluate(`${AXE}; undefined`);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

describe('page without WebGPU', { skip: missing }, () => {
  let session;
  before(async () => {
    session = await open();
  });
  after(() => session?.close());

  test('nothing large is downloaded before the click, whose label states the size', async () => {
    const begin = session.server.requests.length;
    const { page, nothingWrong } = await visit(session);
    const asked = session.server.requests.slice(begin);
    assert.ok(!asked.some((line) => /wasm|safetensors/.test(line)), asked.join('\n'));
    await page.waitForFunction(() => /downloads [\d.]+ MB once/.test(document.querySelector('[data-testid=segment]').textContent));
    await settings(page, async () => {
      assert.match(await page.getByTestId('load-model').textContent(), /\d (kB|MB) \+ [\d.]+ MB engine/);
      await screenshot(page, 'settings');
    });
    await screenshot(page, 'idle');
    // A sentence of the gallery is no order to download.
    await page.getByTestId('sentence').nth(1).click();
    assert.equal(await page.getByTestId('status').getAttribute('data-state'), 'idle');
    nothingWrong();
    await page.context().close();
  });

  test('one button downloads, loads and segments; after it nothing is downloaded any more', async () => {
    const { page, nothingWrong } = await visit(session);
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['done', 'error'], 300_000), 'done');
    await page.waitForFunction(() => document.querySelector('[data-testid=segment]').textContent === 'Segment');
    assert.match(await page.getByTestId('model-line').textContent(), /^Model: phantom, for drawings/);
    // Another picture leaves nothing of the one before.
    await page.getByTestId('gallery-item').nth(1).click();
    await state(page, 'ready');
    assert.equal(await page.getByTestId('token-count').textContent(), '');
    assert.ok(await page.locator('#result').isHidden());
    nothingWrong();
    await page.context().close();
  });

  test('the model that fits the picture is proposed', async () => {
    const { page } = await visit(session);
    const proposed = async (name, colour) => {
      const base64 = await page.evaluate(async (colour) => {
        const canvas = new OffscreenCanvas(64, 64);
        const context = canvas.getContext('2d');
        context.fillStyle = colour;
        context.fillRect(0, 0, 64, 64);
        const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
        return btoa(String.fromCharCode(...bytes));
      }, colour);
      const file = { name, mimeType: 'image/png', buffer: Buffer.from(base64, 'base64') };
      await page.getByTestId('file-input').setInputFiles(file);
      await shown(page, name);
      return page.getByTestId('model-select').inputValue();
    };
    assert.equal(await page.getByTestId('model-select').inputValue(), 'phantom');
    assert.equal(await proposed('grey.png', 'rgb(90 90 90)'), 'cxr');
    assert.equal(await proposed('red.png', 'rgb(200 80 60)'), 'polyp');
    await page.context().close();
  });

  test('a bundle of one’s own is taken from its files, and one that lacks a file is refused by its name', async () => {
    const { page, nothingWrong } = await visit(session);
    const folder = join(DIST, 'bundles', BUNDLE);
    const files = readdirSync(folder).map((name) => join(folder, name));
    const shard = files.find((file) => /weights-01/.test(file));
    await page.getByTestId('file-input').setInputFiles(files.filter((file) => file !== shard));
    await page.waitForFunction(() => /weights-01/.test(document.querySelector('[role=alert]').textContent));
    const begin = session.server.requests.length;
    await page.getByTestId('file-input').setInputFiles(files);
    await page.waitForFunction(() => /is ready/.test(document.querySelector('[role=alert]').textContent));
    assert.equal(await page.getByTestId('model-select').inputValue(), `${BUNDLE}-own`);
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['done', 'error'], 300_000), 'done');
    assert.ok(!session.server.requests.slice(begin).some((line) => /safetensors/.test(line)));
    const own = await page.evaluate(() => window.__mriseg.last.tokens);
    await choose(page, 'model-select', BUNDLE);
    await page.getByTestId('segment').click();
    await state(page, ['encoding', 'decoding', 'downloading', 'preparing']);
    assert.equal(await state(page, ['done', 'error'], 300_000), 'done');
    assert.deepEqual(await page.evaluate(() => window.__mriseg.last.tokens), own);
    nothingWrong();
    await page.context().close();
  });

  test('both notices are in view', async () => {
    const { page } = await visit(session);
    for (const notice of [
      'Research and teaching demo. Not a medical device; not for diagnosis.',
      'Your image stays on this computer.',
    ]) {
      const element = page.getByText(notice, { exact: true });
      assert.ok(await element.isVisible());
      const { y, height } = await element.boundingBox();
      assert.ok(y >= 0 && y + height <= 1000);
    }
    await page.context().close();
  });

  test('WebGPU that was asked for and is absent gives the CPU engine, with the reason', async () => {
    const { page, nothingWrong } = await visit(session, { query: '?engine=webgpu' });
    await loadModel(page);
    const badge = await page.getByTestId('badge').textContent();
    assert.match(badge, /^CPU engine: WebGPU was asked for, but this browser has no WebGPU/);
    assert.ok((await segment(page, first)).tokens.length > 0);
    nothingWrong();
    await page.context().close();
  });

  test('a mask is decoded, measured and saved', async () => {
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    const last = await segment(page, first);
    assert.equal(await page.getByTestId('token-count').textContent(), `${last.tokens.length} / ${last.tokens.length} tokens`);
    const [json] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-json').click()]);
    const record = JSON.parse(readFileSync(await json.path(), 'utf8'));
    assert.deepEqual(record.tokens, last.tokens);
    assert.equal(record.mask.pixels, last.mask.reduce((sum, value) => sum + value, 0));
    assert.match(record.model.manifest_sha256, /^[0-9a-f]{64}$/);
    assert.match(record.read_as, /^findings: left lung/);
    assert.deepEqual(record.picture_notes, []);
    const [png] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-mask').click()]);
    const header = readFileSync(await png.path());
    assert.deepEqual([header.readUInt32BE(16), header.readUInt32BE(20)], [last.width, last.height]);
    await screenshot(page, 'done');
    await page.getByTestId('heat').check();
    await page.getByTestId('mask-canvas').focus();
    await page.keyboard.press('ArrowUp');
    assert.match(await page.locator('#cell-reading').textContent(), /Row \d+, column \d+: code \d+, probability [01]\.\d/);
    await screenshot(page, 'confidence');
    nothingWrong();
    await page.context().close();
  });

  test('a model of other pictures offers its own example and no sentences about lungs', async () => {
    const { page, nothingWrong } = await visit(session);
    const example = 'one small pink round polyp, located in top left of the image';
    await page.route(`**/${BUNDLE}/manifest.json`, async (route) => {
      const manifest = await (await route.fetch()).json();
      await route.fulfill({ body: sealed({ ...manifest, domain: 'other', example }) });
    });
    assert.equal(await page.getByTestId('prompt').inputValue(), first.text);
    await loadModel(page);
    assert.equal(await page.getByTestId('prompt').inputValue(), example);
    assert.ok(await page.getByTestId('sentence').first().isHidden());
    assert.deepEqual(await page.getByTestId('own-words').allTextContents(), [example]);
    // Another picture of the gallery brings no sentence either, and none is read as one about lungs.
    await page.getByTestId('gallery-item').nth(1).click();
    assert.equal(await page.getByTestId('prompt').inputValue(), example);
    assert.equal(await page.getByTestId('reading-line').textContent(), '');
    nothingWrong();
    await page.context().close();
  });

  test('sampled masks tell where the model is unsure', async () => {
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    await segment(page, first);
    assert.ok(await page.getByTestId('agreement').isHidden());
    await page.getByTestId('sample').click();
    await page.getByTestId('agreement').waitFor({ state: 'visible', timeout: 60_000 });
    assert.ok(await page.getByTestId('agreement').isChecked());
    await state(page, 'done');
    const figure = await page.locator('#figures').textContent();
    const [, mean, lowest] = figure.match(/8 masks: mean ([\d.]+) %, lowest ([\d.]+) %/).map(Number);
    assert.ok(lowest >= 50 && lowest <= mean && mean <= 100, figure);
    await page.getByTestId('mask-canvas').focus();
    await page.keyboard.press('ArrowUp');
    assert.match(await page.locator('#cell-reading').textContent(), /probability [01]\.\d+, [\d.]+ % agreement/);
    await screenshot(page, 'agreement');
    const [json] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-json').click()]);
    const { agreement, grid } = JSON.parse(readFileSync(await json.path(), 'utf8'));
    assert.deepEqual([agreement.masks, agreement.cells.length], [8, grid.rows * grid.columns]);
    assert.deepEqual(await violations(page), []);
    // A new run takes the agreement of the old one back.
    await segment(page, first);
    assert.ok(await page.getByTestId('agreement').isHidden());
    nothingWrong();
    await page.context().close();
  });

  test('one token per pass and several give the same mask', async () => {
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    const passes = async (decode) => {
      await choose(page, 'decode-select', decode);
      const { tokens } = await segment(page, first);
      const [, passes, total] = (await timing(page)).match(/Passes (\d+) for (\d+) tokens/).map(Number);
      assert.equal(total, tokens.length);
      return { tokens, passes };
    };
    const greedy = await passes('greedy');
    const speculative = await passes('speculative');
    assert.deepEqual(speculative.tokens, greedy.tokens);
    assert.equal(greedy.passes, greedy.tokens.length);
    assert.ok(speculative.passes < greedy.passes / 2, `${speculative.passes} of ${greedy.passes}`);
    nothingWrong();
    await page.context().close();
  });

  test('a slow decoding and one step by step give the same mask, and Stop ends them at once', async () => {
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    const { tokens } = await segment(page, first);
    const count = () => page.getByTestId('token-count').evaluate((line) => Number.parseInt(line.textContent, 10));
    await page.getByTestId('pace-select').selectOption('step');
    await page.getByTestId('segment').click();
    await page.getByTestId('next-pass').click();
    await page.waitForFunction(() => /^[1-9]/.test(document.querySelector('[data-testid=token-count]').textContent));
    const decoded = await count();
    // Nothing comes without being asked for, and sentences are read meanwhile.
    await page.getByTestId('prompt').fill('some haze at the left base');
    await reads(page, /^Read as findings: left lung, lower zone\.$/);
    assert.equal(await count(), decoded);
    await page.getByTestId('stop').click();
    await state(page, 'stopped');
    assert.equal(await count(), decoded);
    // What is missing is decoded behind what is there.
    await page.getByTestId('pace-select').selectOption('slow');
    await page.getByTestId('go-on').click();
    await state(page, 'done');
    assert.deepEqual(await page.evaluate(() => window.__mriseg.last.tokens), tokens);
    await page.getByTestId('pace-select').selectOption('real');
    nothingWrong();
    await page.context().close();
  });

  test('Stop keeps the partial mask and shows the rest as pending', async () => {
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    await clickAfter(page, 5, 'stop');
    await page.getByTestId('prompt').fill(first.text);
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['stopped', 'done', 'error']), 'stopped');
    const [decoded, total] = (await page.getByTestId('token-count').textContent()).match(/\d+/g).map(Number);
    assert.ok(decoded >= 5 && decoded < total, `${decoded} of ${total}`);
    assert.match(await page.getByTestId('status').textContent(), /pending/);
    assert.equal(await page.evaluate(() => window.__mriseg.last), undefined);
    // The last row of cells is pending: hatched all over, so no pixel of it is untouched.
    const covered = () =>
      page.getByTestId('mask-canvas').evaluate((canvas) => {
        const band = canvas.getContext('2d').getImageData(0, canvas.height - 20, canvas.width, 10).data;
        return band.every((value, i) => i % 4 !== 3 || value > 0);
      });
    assert.ok(await covered());
    await screenshot(page, 'stopped');
    // The engine is free again and a full run leaves nothing pending.
    await segment(page, first);
    assert.ok(!(await covered()));
    nothingWrong();
    await page.context().close();
  });

  test('opening another picture while decoding drops the run', async () => {
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    await clickAfter(page, 5, 'gallery-item', 1);
    await page.getByTestId('segment').click();
    await state(page, ['ready']);
    assert.equal(await page.evaluate(() => window.__mriseg.last), undefined);
    assert.ok((await segment(page, first)).tokens.length > 0);
    nothingWrong();
    await page.context().close();
  });

  test('a PNG header of 20 000 x 20 000 pixels is refused before it is decoded', async () => {
    const { page } = await visit(session);
    const buffer = Buffer.from(readFileSync(join(GALLERY, first.image)));
    buffer.writeUInt32BE(20_000, 16);
    buffer.writeUInt32BE(20_000, 20);
    await page.getByTestId('file-input').setInputFiles({ name: 'huge.png', mimeType: 'image/png', buffer });
    await page.waitForFunction(() => document.querySelector('[role=alert]').textContent.includes('20000 x 20000'));
    await page.context().close();
  });

  test('impossible sentences are refused in one sentence, and the next one works', async () => {
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    for (const text of ['', 'left lung '.repeat(1000)]) {
      await page.getByTestId('prompt').fill(text);
      await page.getByTestId('segment').click();
      await state(page, 'error');
      const said = await page.getByTestId('status').textContent();
      assert.ok(said.length > 20 && said.length < 300, said);
    }
    assert.ok((await segment(page, first)).tokens.length > 0);
    nothingWrong();
    await page.context().close();
  });

  test('a sentence that is too long is told so, and the next one works', async () => {
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    await page.getByTestId('prompt').fill('a large opacity somewhere in the left lung, '.repeat(40));
    await page.getByTestId('segment').click();
    await state(page, 'error');
    assert.match(await page.getByTestId('status').textContent(), /^Not segmented: the sentence is too long: 320 words/);
    assert.ok((await segment(page, { image: first.image, text: 'left lung' })).tokens.length > 0);
    assert.match(await page.getByTestId('status').textContent(), /^Done/);
    nothingWrong();
    await page.context().close();
  });

  test('the line below the sentence tells how it is read, and refuses nothing', async () => {
    const { page, nothingWrong } = await visit(session);
    const [prompt, hint] = [page.getByTestId('prompt'), page.getByTestId('reading-hint')];
    assert.equal(await page.getByTestId('reading-line').textContent(), '');
    await loadModel(page);
    await reads(page, /^Read as findings: left lung/);
    await prompt.fill('some haze at the left base');
    await reads(page, /^Read as findings: left lung, lower zone\.$/);
    assert.ok(await hint.isHidden());
    assert.equal(await page.getByTestId('status').getAttribute('data-state'), 'ready');

    await prompt.fill('links unten');
    await hint.waitFor({ state: 'visible' });
    assert.match(await hint.textContent(), /links.* not read: write left or right in English\.$/);
    assert.ok(await page.getByRole('status').filter({ has: hint }).isVisible());
    await screenshot(page, 'hint');
    const said = [];
    for (const text of ['links unten', 'xylophone 🦴']) {
      assert.ok((await segment(page, { image: first.image, text })).tokens.length > 0);
      assert.ok(await hint.isVisible());
      said.push(await page.getByTestId('reading-line').textContent());
    }
    assert.match(said[1], /^Not understood/);

    await prompt.fill('');
    await reads(page, /^$/);
    assert.ok(await hint.isHidden());
    nothingWrong();
    await page.context().close();
  });

  test('other wordings are one click away, and are read while a mask is decoded', async () => {
    const { page, nothingWrong } = await visit(session);
    const wording = (text) => page.getByTestId('own-words').filter({ hasText: text });
    await loadModel(page);
    await wording('left lung').click();
    await state(page, 'done');
    assert.equal(await page.getByTestId('prompt').inputValue(), 'left lung');
    assert.equal(await wording('left lung').getAttribute('aria-pressed'), 'true');
    await reads(page, /left lung/);

    const index = await page.getByTestId('own-words').evaluateAll((chips) => chips.findIndex((chip) => /right base/.test(chip.value)));
    await clickAfter(page, 5, 'own-words', index);
    await page.getByTestId('segment').click();
    // Afterwards would be too late: the state is another one then.
    await page.waitForFunction(() => {
      const [line, status] = ['reading-line', 'status'].map((id) => document.querySelector(`[data-testid=${id}]`));
      return /right lung, lower zone/.test(line.textContent) && status.dataset.state === 'decoding';
    });
    await state(page, 'done');
    nothingWrong();
    await page.context().close();
  });

  test('a model of something else than lungs has no line, and its own example for a wording', async () => {
    const { page, nothingWrong } = await visit(session);
    await page.route('**/manifest.json', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: sealed({ ...(await response.json()), domain: 'other' }) });
    });
    await loadModel(page);
    await segment(page, first);
    assert.equal(await page.getByTestId('reading-line').textContent(), '');
    assert.doesNotMatch((await page.getByTestId('own-words').allTextContents()).join('|'), /haze|outline/);
    nothingWrong();
    await page.context().close();
  });

  test('a frame is cut off and told, and the mask lies where it would without', async () => {
    const { page, nothingWrong } = await visit(session);
    await loadModel(page);
    const plain = await segment(page, first);
    assert.equal(await page.getByTestId('picture-notes').textContent(), '');
    const frame = { left: 60, right: 20, above: 30, below: 10 };
    await page.getByTestId('file-input').setInputFiles(await framed(page, first.image, frame));
    await shown(page, 'framed.png');
    await choose(page, 'model-select', BUNDLE);
    await page.getByTestId('prompt').fill(first.text);
    await page.getByTestId('segment').click();
    await state(page, 'done');
    assert.equal(
      await page.getByTestId('picture-notes').textContent(),
      'A uniform frame was cut off (in pixels: 60 left, 20 right, 30 above, 10 below).',
    );
    await screenshot(page, 'framed');
    const last = await page.evaluate(() => window.__mriseg.last);
    assert.deepEqual(last.tokens, plain.tokens);
    assert.deepEqual([last.width, last.height], [plain.width + 80, plain.height + 40]);
    const inside = plain.mask.map((_, i) => {
      const [x, y] = [(i % plain.width) + frame.left, Math.floor(i / plain.width) + frame.above];
      return last.mask[y * last.width + x];
    });
    assert.deepEqual(inside, plain.mask);
    const [json] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-json').click()]);
    assert.equal(JSON.parse(readFileSync(await json.path(), 'utf8')).picture_notes.length, 1);

    // Cells lie on the picture, not on its frame.
    await clickAfter(page, 5, 'stop');
    await page.getByTestId('segment').click();
    await state(page, 'stopped');
    const hatched = await page.getByTestId('mask-canvas').evaluate((canvas, [x, y]) => {
      const opaque = (x, y) => canvas.getContext('2d').getImageData(x * canvas.width, y * canvas.height, 1, 1).data[3] > 0;
      return [opaque(x - 0.01, 0.8), opaque(x + 0.01, 0.8), opaque(0.5, y - 0.01), opaque(0.5, y + 0.01)];
    }, [frame.left / last.width, 1 - frame.below / last.height]);
    assert.deepEqual(hatched, [false, true, true, false]);
    await screenshot(page, 'framed-stopped');

    await page.getByTestId('gallery-item').first().click();
    await page.waitForFunction(() => document.querySelector('[data-testid=picture-notes]').textContent === '');
    nothingWrong();
    await page.context().close();
  });

  test('a damaged shard is named, and loading again mends it', async () => {
    const { page } = await visit(session);
    await page.route(SHARD, async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      body[body.length >> 1] ^= 1;
      await route.fulfill({ response, body });
    });
    await page.getByTestId('segment').click();
    await state(page, 'error');
    assert.match(await page.getByTestId('status').textContent(), /weights-00\.safetensors is damaged: its SHA-256/);
    await screenshot(page, 'damaged-shard');
    await page.unroute(SHARD);
    await loadModel(page);
    await page.context().close();
  });

  test('a shard that breaks off is named', async () => {
    const { page } = await visit(session);
    await page.route(SHARD, async (route) => {
      const response = await route.fetch();
      const body = (await response.body()).subarray(0, 5000);
      await route.fulfill({ status: 200, body });
    });
    await page.getByTestId('segment').click();
    await state(page, 'error');
    assert.match(await page.getByTestId('status').textContent(), /weights-00\.safetensors broke off after 5000 of/);
    await page.context().close();
  });

  test('a bundle of a newer format is refused', async () => {
    const { page } = await visit(session);
    await page.route('**/manifest.json', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), format_version: 99 } });
    });
    await page.getByTestId('segment').click();
    await state(page, 'error');
    assert.match(await page.getByTestId('status').textContent(), /version 99/);
    await page.context().close();
  });

  test('the second visit loads the model and the engine from the cache, until it is cleared', async () => {
    const { page, context, nothingWrong } = await visit(session);
    await loadModel(page);
    const large = (from) => session.server.requests.slice(from).filter((line) => /safetensors|\.wasm/.test(line));
    let begin = session.server.requests.length;
    const again = await visit(session, { context });
    await loadModel(again.page);
    assert.deepEqual(large(begin), []);
    assert.match(await again.page.getByTestId('timing').textContent(), /from this browser.s cache/);
    await settings(again.page, () => again.page.getByTestId('clear-cache').click());
    begin = session.server.requests.length;
    const later = await visit(session, { context });
    await loadModel(later.page);
    assert.ok(large(begin).length >= 2);
    nothingWrong();
    again.nothingWrong();
    await context.close();
  });

  test('neither the page nor its worker can reach another host', async () => {
    const elsewhere = await serve(GALLERY);
    const { page } = await visit(session);
    await loadModel(page);
    const reach = (url) => fetch(url, { mode: 'no-cors' }).then(() => 'reached', () => 'refused');
    assert.equal(await page.evaluate(reach, elsewhere.url), 'refused');
    const [worker] = page.workers();
    assert.equal(await worker.evaluate(reach, elsewhere.url), 'refused');
    assert.deepEqual(elsewhere.requests, []);
    await elsewhere.close();
    await page.context().close();
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing, ${colorScheme}`, async () => {
      const { page } = await visit(session, { colorScheme });
      assert.deepEqual(await violations(page), []);
      await loadModel(page);
      await segment(page, first);
      assert.deepEqual(await violations(page), []);
      await screenshot(page, `done-${colorScheme}`);
      await page.getByTestId('prompt').fill('links unten');
      await page.getByTestId('reading-hint').waitFor({ state: 'visible' });
      assert.deepEqual(await violations(page), []);
      await screenshot(page, `hint-${colorScheme}`);
      await page.context().close();
    });
  }

  test('a phone of 375 pixels needs no sideways scrolling', async () => {
    const { page } = await visit(session, { viewport: { width: 375, height: 740 }, reducedMotion: 'reduce' });
    await loadModel(page);
    await segment(page, first);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 375);
    assert.deepEqual(await violations(page), []);
    await screenshot(page, 'phone');
    await page.getByTestId('prompt').fill(`links unten ${'x'.repeat(90)} and the pneumothorax`);
    await page.getByTestId('reading-hint').waitFor({ state: 'visible' });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 375);
    await screenshot(page, 'phone-hint');
    await page.context().close();
  });

  test(`the whole way works by keyboard with ${BUNDLE}`, async () => {
    const { page, nothingWrong } = await visit(session);
    await page.getByTestId('gallery-item').nth(2).focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('prompt').focus();
    await page.keyboard.press('Enter');
    await state(page, 'done', 300_000);
    // Back in time and on again, from anywhere on the page.
    await page.getByTestId('mask-canvas').focus();
    await page.keyboard.press(',');
    await page.waitForFunction(() => document.querySelector('[data-testid=scrub]').value === '63');
    await page.keyboard.press('.');
    await page.waitForFunction(() => document.querySelector('[data-testid=scrub]').value === '64');
    await page.keyboard.press('?');
    assert.ok(await page.locator('#shortcuts').isVisible());
    await page.keyboard.press('Escape');
    nothingWrong();
    await page.context().close();
  });
});
