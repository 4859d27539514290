// The lesson: the tour by keyboard, recordings without any engine, links, teacher forcing, comparison, presenting.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DIST, GALLERY, missing, open, screenshot, state, visit } from './page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const gallery = missing ? [] : JSON.parse(readFileSync(join(GALLERY, 'gallery.json'), 'utf8'));
const STEPS = 10;

async function violations(page) {
  // What is dimmed while the engine is asked is no fault of contrast.
  await page.waitForFunction(() => document.getAnimations().length === 0 && !document.querySelector('.through[aria-busy]')?.checkVisibility());
  await page.evaluate(`${AXE}; undefined`);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** Opens an example and segments it with the sentence of `kind`. */
async function segmented(page, item = gallery[3], kind = 'full') {
  const thumb = page.locator(`[data-testid=gallery-item][data-id="${item.id}"]`);
  if ((await thumb.getAttribute('aria-pressed')) !== 'true') await thumb.click();
  await page.getByTestId('prompt').fill(item.sentences.find((sentence) => sentence.kind === kind).text);
  // Whatever it was: the page writes the next state.
  await page.getByTestId('status').evaluate((status) => (status.dataset.state = ''));
  await page.getByTestId('segment').click();
  assert.equal(await state(page, ['done', 'error'], 120_000), 'done', await page.getByTestId('status').textContent());
}

const lastTokens = (page) => page.evaluate(() => window.__mriseg.last.tokens);
const figures = (page, testId) =>
  page.getByTestId(testId).evaluate((list) => Object.fromEntries([...list.children].map((row) => [row.children[0].textContent, row.children[1].textContent])));
const large = (requests) => requests.filter((line) => /\.wasm|safetensors|manifest\.json|worker|mriseg_web/.test(line));

/** Waits until the step of the tour is done; gives what it told. */
async function stepDone(page, step) {
  await page.waitForFunction(
    (step) => {
      const card = document.querySelector('[data-testid=tour]');
      const count = document.querySelector('[data-testid=tour-count]').textContent;
      return !card.hidden && count.startsWith(`Step ${step} of`) && card.getAttribute('aria-busy') === 'false';
    },
    step,
    { timeout: 120_000 },
  );
  return page.getByTestId('tour-told').textContent();
}

/** Which part of the page the light lies around, once it rests: in the window, and not empty. */
async function lit(page) {
  return page.evaluate(async () => {
    const light = document.querySelector('.tour-light');
    const place = () => JSON.stringify(light.getBoundingClientRect());
    for (let last = '', still = 0; still < 8; ) {
      await new Promise(requestAnimationFrame);
      still = place() === last ? still + 1 : 0;
      last = place();
    }
    const { left, top, right, bottom, width, height } = light.getBoundingClientRect();
    // Somewhere in the light the page itself is under the pointer: the light blocks nothing.
    const x = (left + right) / 2;
    const y = (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2;
    const under = document.elementFromPoint(x, Math.min(y, top + 40));
    return { width, height, inView: top > -10 && top < innerHeight / 2 && left >= -10, under: under?.className !== 'tour-light' && under !== null };
  });
}

describe('lesson', { skip: missing }, () => {
  let session;
  before(async () => {
    session = await open();
  });
  after(() => session?.close());

  test('the whole tour goes by keyboard, and each of its steps lights a part that is in view', async () => {
    const begin = session.server.requests.length;
    const { page, nothingWrong } = await visit(session, { query: '#tab=learn' });
    await page.getByTestId('start-tour').focus();
    await page.keyboard.press('Enter');
    const told = [];
    for (let step = 1; step <= STEPS; step++) {
      told[step] = await stepDone(page, step);
      if (step === 2) {
        assert.deepEqual(large(session.server.requests.slice(begin)), [], 'nothing large is asked for before the click');
        const offer = page.getByTestId('tour-do');
        assert.match(await offer.textContent(), /downloads [\d.]+ MB/);
        assert.ok(await offer.evaluate((button) => document.activeElement === button));
        // Without a mask there is nothing to go on with.
        await page.keyboard.press('ArrowRight');
        await page.keyboard.press('Enter');
        await page.waitForFunction(() => !document.querySelector('[data-testid=tour-next]').disabled, null, { timeout: 120_000 });
        told[step] = await stepDone(page, step);
      }
      const { width, height, inView, under } = await lit(page);
      assert.ok(width > 100 && height > 40, `step ${step} lights ${width} x ${height}`);
      assert.ok(inView, `step ${step} is not in view`);
      assert.ok(under, `step ${step} blocks the page`);
      assert.ok(await page.evaluate(() => document.querySelector('[data-testid=tour]').contains(document.activeElement)), `step ${step} has no focus`);
      assert.ok((await page.getByTestId('tour-text').textContent()).length > 40);
      if (step === 3) assert.match(told[step], /token \d+ is the code \d+/);
      if (step === 6) {
        // The comparison parts where the tour put its error in.
        const [edited] = told[step].match(/^Token \d+/);
        const { 'First divergence': parting } = await figures(page, 'compare-figures');
        assert.ok(parting.startsWith(`${edited.toLowerCase()} (`), parting);
      }
      if (step === 9) {
        const shared = Number((await page.getByTestId('mean-told').textContent()).match(/in (\d+) of 64/)[1]);
        const differing = Number(told[step].match(/differ in (\d+) of 64/)[1]);
        assert.equal(shared + differing, 64);
      }
      await screenshot(page, `tour-${String(step).padStart(2, '0')}`);
      await page.keyboard.press(step % 2 ? 'ArrowRight' : 'Enter');
    }
    assert.match(told[2], /^64 tokens, one for each of 8 × 8 cells, in \d+ passes/);
    assert.match(told[6], /^Token \d+ is now code \d+ instead of \d+\. Of the \d+ tokens after it, \d+ came out otherwise\. Dice/);
    assert.match(told[7], /the mask is what it was, token for token/);
    assert.match(told[9], /^8 masks: they differ in \d+ of 64 cells/);
    assert.match(told[10], /^“unilateral/);
    assert.ok(await page.getByTestId('tour').isHidden());
    assert.ok(await page.getByTestId('start-tour').evaluate((button) => document.activeElement === button));
    nothingWrong();
    await page.context().close();
  });

  test('Escape ends the tour at any step, the arrow keys go back, and nothing is remembered', async () => {
    const { page, nothingWrong } = await visit(session, { query: '#tab=learn', reducedMotion: 'reduce' });
    await page.getByTestId('start-tour').click();
    await stepDone(page, 1);
    await page.keyboard.press('ArrowRight');
    await stepDone(page, 2);
    await page.keyboard.press('ArrowLeft');
    await stepDone(page, 1);
    const kept = await page.evaluate(() => Object.keys(localStorage).filter((key) => /tour|lesson/.test(key)));
    assert.deepEqual(kept, []);
    await page.keyboard.press('Escape');
    assert.ok(await page.getByTestId('tour').isHidden());
    nothingWrong();
    await page.context().close();
  });

  test('the tour goes on a recording where nobody wants a download', async () => {
    const begin = session.server.requests.length;
    const { page, nothingWrong } = await visit(session, { query: '#tab=learn' });
    await page.getByTestId('start-tour').click();
    await stepDone(page, 1);
    await page.keyboard.press('ArrowRight');
    await stepDone(page, 2);
    await page.getByTestId('tour-replay').click();
    await page.waitForFunction(() => !document.querySelector('[data-testid=tour-next]').disabled);
    for (let step = 3; step <= STEPS; step++) {
      await page.keyboard.press('ArrowRight');
      const told = await stepDone(page, step);
      if (step === 3 || step === 5) assert.match(told, /token/);
      else assert.match(told, /needs the model itself/);
    }
    assert.deepEqual(large(session.server.requests.slice(begin)), []);
    nothingWrong();
    await page.context().close();
  });

  for (const engineless of [false, true]) {
    test(`a recording plays without a request for engine or bundle${engineless ? ', and without WebAssembly' : ''}`, async () => {
      const context = await session.browser.newContext({ viewport: { width: 1360, height: 1000 }, serviceWorkers: 'block' });
      if (engineless) await context.addInitScript(() => delete globalThis.WebAssembly);
      const begin = session.server.requests.length;
      const { page, nothingWrong } = await visit(session, { query: '#tab=learn', context });
      const button = page.getByTestId('replay').first();
      const file = await button.getAttribute('data-file');
      const trace = JSON.parse(readFileSync(join(DIST, 'traces', file), 'utf8'));
      await button.click();
      await state(page, 'done');
      assert.ok(await page.getByTestId('replay-badge').isVisible());
      assert.match(await page.getByTestId('badge').textContent(), /^Replay/);
      // It plays from the first token on.
      await page.waitForFunction(() => Number(document.querySelector('[data-testid=scrub]').value) > 3);
      await page.getByTestId('scrub').fill('20');
      await page.getByTestId('mask-canvas').focus();
      const cells = await page.evaluate(() => document.querySelector('[data-testid=scrub]').getAttribute('aria-valuetext'));
      assert.equal(cells, `20 / ${trace.tokens.length} tokens`);
      await page.getByTestId('scrub').fill(String(trace.tokens.length));
      assert.deepEqual(await lastTokens(page), trace.tokens);
      const marked = await page.evaluate(() => window.__mriseg.last.mask.reduce((sum, value) => sum + value, 0));
      assert.equal(marked, trace.mask.reduce((sum, run, i) => (i % 2 ? sum + run : sum), 0));
      assert.ok(await page.getByTestId('record').isDisabled());
      assert.deepEqual(large(session.server.requests.slice(begin)), []);
      await screenshot(page, engineless ? 'replay-engineless' : 'replay');
      nothingWrong();
      await context.close();
    });
  }

  test('what Record saves is played again, with its tokens and its mask', async () => {
    const { page, nothingWrong } = await visit(session, { query: '#tab=learn' });
    await segmented(page, gallery[1]);
    const tokens = await lastTokens(page);
    const mask = await page.evaluate(() => window.__mriseg.last.mask);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('record').click()]);
    const text = readFileSync(await download.path(), 'utf8');
    const trace = JSON.parse(text);
    assert.deepEqual([trace.format, trace.version, trace.picture.example, trace.picture.file], ['mriseg-trace', 1, gallery[1].id, undefined]);
    assert.equal(trace.passes.reduce((sum, { count }) => sum + count, 0), tokens.length);
    assert.ok(trace.times.decode_ms > 0);
    const other = await visit(session, { query: '#tab=learn' });
    const upload = (name, content) =>
      other.page.getByTestId('open-trace').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) });
    await upload('broken.json', text.replace('mriseg-trace', 'other'));
    await other.page.getByText(/broken\.json cannot be replayed/).waitFor();
    await upload('mine.json', text);
    await state(other.page, 'done');
    assert.deepEqual(await lastTokens(other.page), tokens);
    assert.deepEqual(await other.page.evaluate(() => window.__mriseg.last.mask), mask);
    nothingWrong();
    other.nothingWrong();
    await page.context().close();
    await other.page.context().close();
  });

  test('a recording of an own picture has neither its bytes nor its name, unless that is asked for', async () => {
    const { page, nothingWrong } = await visit(session, { query: '#tab=learn' });
    const own = { name: 'Doe Jane.png', mimeType: 'image/png', buffer: readFileSync(join(GALLERY, gallery[1].image)) };
    await page.getByTestId('file-input').setInputFiles(own);
    await page.getByTestId('prompt').fill('left lung of Jane Doe');
    await page.getByTestId('segment').click();
    await state(page, 'done', 120_000);
    const record = async () => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('record').click()]);
      return { trace: JSON.parse(readFileSync(await download.path(), 'utf8')), name: download.suggestedFilename() };
    };
    const without = await record();
    assert.deepEqual(Object.keys(without.trace.picture).sort(), ['height', 'width']);
    assert.ok(!JSON.stringify(without).includes('Doe Jane'));
    // The address has nothing of an own picture.
    await page.getByTestId('tab-segment').click();
    await page.waitForFunction(() => !location.hash.includes('tab='));
    await page.getByTestId('tab-learn').click();
    assert.ok(!decodeURIComponent(page.url()).includes('lung'), page.url());
    await page.getByTestId('record-picture').check();
    const { trace } = await record();
    assert.deepEqual(Buffer.from(trace.picture.file, 'base64'), own.buffer);
    nothingWrong();
    await page.context().close();
  });

  test('a link opens the example, sentence, step and tab that it names, and downloads nothing by itself', async () => {
    const item = gallery[4];
    const { text } = item.sentences.find(({ kind }) => kind === 'one_side');
    const query = `?autorun#${new URLSearchParams({ example: item.id, sentence: text, model: 'phantom', step: '17', tab: 'learn' })}`;
    const begin = session.server.requests.length;
    const { page, context, nothingWrong } = await visit(session, { query });
    await page.waitForFunction((id) => document.querySelector(`[data-id="${id}"]`)?.getAttribute('aria-pressed') === 'true', item.id);
    await page.waitForFunction((text) => document.querySelector('[data-testid=prompt]').value === text, text);
    assert.equal(await page.evaluate(() => document.body.dataset.tab), 'learn');
    // It waits for the click that states the size.
    await page.waitForFunction(() => document.activeElement?.id === 'segment');
    assert.deepEqual(large(session.server.requests.slice(begin)), []);
    await page.getByTestId('segment').click();
    await state(page, 'done', 120_000);
    await page.waitForFunction(() => document.querySelector('[data-testid=scrub]').value === '17');
    // The address bar follows, and what it says opens the same again; now without a click, as nothing is downloaded.
    await page.getByTestId('step-on').click();
    await page.waitForFunction(() => location.hash.includes('step=18'));
    const again = await visit(session, { context, query: new URL(page.url()).search + new URL(page.url()).hash });
    await state(again.page, 'done', 120_000);
    await again.page.waitForFunction(() => document.querySelector('[data-testid=scrub]').value === '18');
    assert.equal(await again.page.getByTestId('prompt').inputValue(), text);
    assert.deepEqual(await lastTokens(again.page), await lastTokens(page));
    nothingWrong();
    again.nothingWrong();
    await context.close();
  });

  test('Copy link copies the address of what is on screen', async () => {
    const { page, context, nothingWrong } = await visit(session, { query: '#tab=learn' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator(`[data-testid=gallery-item][data-id="${gallery[2].id}"]`).click();
    await page.getByTestId('copy-link').click();
    await page.getByText(/Link copied/).waitFor();
    const parameters = new URLSearchParams(new URL(await page.evaluate(() => navigator.clipboard.readText())).hash.slice(1));
    assert.equal(parameters.get('example'), gallery[2].id);
    assert.equal(parameters.get('sentence'), gallery[2].sentences[0].text);
    assert.equal(parameters.get('tab'), 'learn');
    nothingWrong();
    await context.close();
  });

  test('teacher forcing counts the right tokens fed the truth and fed its own, and marks where free running leaves it', async () => {
    const { page, nothingWrong } = await visit(session, { query: '#tab=learn' });
    assert.ok(await page.getByTestId('teacher-force').isDisabled());
    await segmented(page);
    await page.getByTestId('teacher-force').click();
    await page.getByTestId('forcing-figures').waitFor({ state: 'visible' });
    const told = await figures(page, 'forcing-figures');
    const share = (text) => Number(text.match(/^(\d+) of 64/)[1]);
    const [truth, own] = [share(told['Right tokens, fed the truth']), share(told['Right tokens, fed its own tokens'])];
    // A trained model is right far more often than by chance, and not always.
    assert.ok(truth > 40 && truth <= 64, String(truth));
    assert.ok(own > 30 && own <= 64, String(own));
    if (own < 64) assert.match(told['Free running leaves the truth at'], /^token \d+ \(row \d, column \d\)$/);
    const [a, b] = told['Mean probability of the true token'].split(' / ').map(Number);
    assert.ok(a > 0.5 && a <= 1 && b > 0.3 && b <= 1, `${a} ${b}`);
    const points = await page.getByTestId('forcing-chart').locator('polyline.raw.own').getAttribute('points');
    assert.equal(points.split(' ').length, 64);
    assert.ok(!points.includes('NaN'));
    await page.getByTestId('lesson-forcing').scrollIntoViewIfNeeded();
    await screenshot(page, 'teacher-forcing');
    nothingWrong();
    await page.context().close();
  });

  test('a comparison marks the first token in which two decodings differ', async () => {
    const { page, nothingWrong } = await visit(session, { query: '#tab=learn' });
    await segmented(page);
    const before = await lastTokens(page);
    await page.getByTestId('keep-run').click();
    assert.ok(await page.getByTestId('compare-figures').isHidden());
    await segmented(page, gallery[3], 'one_side');
    const now = await lastTokens(page);
    const parting = before.findIndex((token, i) => token !== now[i]);
    assert.ok(parting >= 0);
    const equal = before.filter((token, i) => token === now[i]).length;
    const told = await figures(page, 'compare-figures');
    assert.equal(told['First divergence'], `token ${parting + 1} (row ${Math.floor(parting / 8) + 1}, column ${(parting % 8) + 1})`);
    assert.match(told['Equal tokens'], new RegExp(`^${equal} of 64 `));
    const between = Number(told['Dice between the masks']);
    assert.ok(between > 0 && between < 1, told['Dice between the masks']);
    await page.getByTestId('to-parting').click();
    assert.equal(await page.getByTestId('compare-scrub').inputValue(), String(parting + 1));
    const strip = async (name) => page.getByTestId(`strip-${name}`).locator('.parting').textContent();
    assert.deepEqual([await strip('kept'), await strip('present')], [String(before[parting]), String(now[parting])]);
    await page.getByTestId('lesson-compare').scrollIntoViewIfNeeded();
    await screenshot(page, 'comparison');
    // Another picture: nothing of the one before is kept.
    await page.getByTestId('gallery-item').first().click();
    await page.getByTestId('compare-figures').waitFor({ state: 'hidden' });
    nothingWrong();
    await page.context().close();
  });

  test('presenting is large, keeps both notices, hides the settings and goes by keyboard', async () => {
    const { page, nothingWrong } = await visit(session, { query: '#tab=learn' });
    await segmented(page);
    await page.evaluate(() => document.activeElement.blur());
    const size = () => page.getByTestId('status').evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize));
    const small = await size();
    await page.keyboard.press('p');
    assert.ok((await size()) > 1.4 * small);
    assert.ok(await page.getByTestId('presenter-keys').isVisible());
    assert.ok(await page.getByTestId('open-settings').isHidden());
    for (const notice of [/Not a medical device/, /stays on this computer/]) assert.ok(await page.getByText(notice).first().isVisible());
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.querySelector('[data-testid=scrub]').value === '63');
    const [sentence, tokens] = [await page.getByTestId('prompt').inputValue(), await lastTokens(page)];
    await page.keyboard.press('s');
    await page.waitForFunction((before) => document.querySelector('[data-testid=prompt]').value !== before, sentence);
    await page.waitForFunction((before) => window.__mriseg.last?.tokens.join() !== before, tokens.join());
    assert.deepEqual(await violations(page), []);
    await screenshot(page, 'presenting');
    await page.keyboard.press('Escape');
    assert.ok(await page.getByTestId('presenter-keys').isHidden());
    nothingWrong();
    await page.context().close();
  });

  for (const [colorScheme, width] of [['light', 1280], ['dark', 375]]) {
    test(`axe finds nothing in the lesson, ${colorScheme}, ${width} pixels, and nothing scrolls sideways`, async () => {
      const { page } = await visit(session, { query: '#tab=learn', colorScheme, viewport: { width, height: 800 } });
      assert.deepEqual(await violations(page), []);
      await segmented(page);
      await page.getByTestId('keep-run').click();
      await segmented(page, gallery[3], 'one_side');
      await page.getByTestId('teacher-force').click();
      await page.getByTestId('forcing-figures').waitFor({ state: 'visible' });
      assert.deepEqual(await violations(page), []);
      await page.getByTestId('start-tour').click();
      await stepDone(page, 1);
      assert.deepEqual(await violations(page), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      await page.context().close();
    });
  }
});
