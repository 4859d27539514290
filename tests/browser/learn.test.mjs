// The part for classes: every drawing is of the model's own numbers, and every click changes what they say.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { missing, open, screenshot, state, visit } from './page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('learn', { skip: missing }, () => {
  let session;
  let guard;
  let page;

  before(async () => {
    session = await open();
    guard = await visit(session);
    page = guard.page;
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['done', 'error'], 120_000), 'done');
    await page.getByTestId('tab-learn').click();
    await attended();
  });
  after(() => session?.close());

  const codes = () =>
    page.getByTestId('learn-code').evaluateAll((buttons) =>
      buttons
        .filter((button) => button.offsetParent)
        .map(({ dataset, ariaCurrent, attributes }) => ({
          code: Number(dataset.code),
          probability: Number(dataset.probability),
          cost: Number(dataset.cost),
          picked: 'aria-current' in attributes || ariaCurrent !== null,
        })),
    );
  const tokens = () => page.evaluate(() => window.__mriseg.last.tokens);
  const selected = async () => Number(await page.getByTestId('learn-mask').getAttribute('aria-valuenow')) - 1;
  /** Waits until the attention of the selected token is there. */
  const attended = () => page.waitForSelector('.through:not([aria-busy]) [data-testid=learn-head]');
  /** Clicks the cell of a token in the drawing of the sequence. */
  const select = async (index) => {
    const canvas = page.getByTestId('learn-mask');
    await canvas.scrollIntoViewIfNeeded();
    const { width, height } = await canvas.boundingBox();
    const side = Math.sqrt((await tokens()).length);
    await canvas.click({ position: { x: ((index % side) + 0.5) * (width / side), y: (Math.floor(index / side) + 0.5) * (height / side) } });
    await page.waitForFunction((now) => document.querySelector('[data-testid=learn-mask]').ariaValueNow === now, String(index + 1));
    await attended();
  };

  test('a mask that is complete opens at the token that was hardest', async () => {
    const { probabilities } = await page.evaluate(() => window.__mriseg.last);
    assert.equal(await selected(), probabilities.indexOf(Math.min(...probabilities)));
  });

  test('a click selects a token, and the keyboard goes on from there', async () => {
    await select(10);
    assert.match(await page.getByTestId('learn-token').textContent(), /Token 11 of/);
    await page.getByTestId('learn-mask').press('ArrowRight');
    await page.waitForFunction(() => document.querySelector('[data-testid=learn-mask]').ariaValueNow === '12');
    await page.getByTestId('learn-back').click();
    await page.waitForFunction(() => document.querySelector('[data-testid=learn-mask]').ariaValueNow === '11');
  });

  test('a click on the picture selects the token of that cell', async () => {
    const stage = page.getByTestId('mask-canvas');
    await stage.scrollIntoViewIfNeeded();
    const { width, height } = await stage.boundingBox();
    await stage.click({ position: { x: width * 0.3, y: height * 0.3 } });
    const side = Math.sqrt((await tokens()).length);
    await page.waitForFunction((now) => document.querySelector('[data-testid=learn-mask]').ariaValueNow === now, String(Math.floor(0.3 * side) * (side + 1) + 1));
  });

  test('the line in time selects the token that comes next', async () => {
    await page.getByTestId('scrub').fill('20');
    await page.waitForFunction(() => document.querySelector('[data-testid=learn-mask]').ariaValueNow === '21');
    await page.getByTestId('scrub').fill('64');
  });

  test('the five most probable codes come in order, sum to at most 1, and the one that stands there is marked', async () => {
    for (const index of [0, 9, 10, 30]) {
      await select(index);
      const shown = await codes();
      const top = shown.slice(0, 5).map(({ probability }) => probability);
      assert.deepEqual(top, [...top].sort((a, b) => b - a));
      const sum = top.reduce((a, b) => a + b, 0);
      assert.ok(sum > 0 && sum <= 1 + 1e-5, `${sum}`);
      const [picked, ...more] = shown.filter(({ picked }) => picked);
      assert.equal(picked.code, (await tokens())[index]);
      assert.deepEqual(more, []);
      // The rule of the bundle: the least error; a pixel at most is left to the probability.
      assert.ok(shown.every(({ cost }) => picked.cost <= cost + 1), JSON.stringify(shown));
      const { probabilities } = await page.evaluate(() => window.__mriseg.last);
      assert.ok(Math.abs(picked.probability - probabilities[index]) < 2e-3, `${picked.probability}, ${probabilities[index]}`);
    }
  });

  test('a lower temperature sharpens the bars, a higher one flattens them', async () => {
    await select(10);
    const dial = page.getByTestId('learn-dial');
    const first = async (temperature) => {
      await dial.fill(temperature);
      await page.waitForFunction((t) => document.querySelector('[data-testid=learn-draw]').textContent.includes(t), Number(temperature).toFixed(2));
      return { top: (await codes())[0].probability, bits: Number.parseFloat((await page.getByTestId('learn-entropy').textContent()).match(/[\d.]+/)[0]) };
    };
    const [cold, own, hot] = [await first('0.2'), await first('1'), await first('2')];
    assert.ok(cold.top > own.top && own.top > hot.top, JSON.stringify([cold, own, hot]));
    assert.ok(cold.bits < own.bits && own.bits < hot.bits, JSON.stringify([cold, own, hot]));
    await dial.fill('1');
  });

  test('another code changes the mask from there on, is marked, and undo brings the mask back', async () => {
    await select(10);
    const old = await tokens();
    const other = (await codes()).find(({ picked }) => !picked);
    await page.locator(`[data-testid=learn-code][data-code="${other.code}"]`).click();
    await page.waitForFunction((code) => window.__mriseg.last?.tokens[10] === code, other.code);
    await state(page, 'done');
    const edited = await tokens();
    assert.deepEqual(edited.slice(0, 10), old.slice(0, 10));
    assert.equal(await selected(), 10);
    await page.waitForSelector('[data-testid=learn-edited]:visible');
    await page.getByTestId('learn-undo').click();
    await page.waitForFunction((code) => window.__mriseg.last?.tokens[10] === code, old[10]);
    assert.deepEqual(await tokens(), old);
    assert.ok(await page.getByTestId('learn-edited').isHidden());
  });

  test('the attention of every head sums to 1, and none of it goes to words that are not there', async () => {
    await select(30);
    const heads = await page.getByTestId('learn-head').evaluateAll((buttons) => buttons.map(({ dataset }) => ({ ...dataset })));
    assert.ok(heads.length >= 6);
    for (const { words, picture, mask, padding } of heads) {
      const all = [words, picture, mask, padding].map(Number);
      assert.ok(all.every((share) => share >= 0 && share <= 1), `${all}`);
      assert.ok(Math.abs(all.reduce((a, b) => a + b, 0) - 1) < 1e-3, `${all}`);
    }
    assert.ok(new Set(heads.map(({ picture }) => picture)).size > heads.length / 2);
  });

  test('blocks open to one block and to one head, and close again', async () => {
    await page.getByTestId('learn-block').first().click();
    await page.waitForSelector('.block[data-open]');
    const block = await page.getByTestId('learn-path').textContent();
    await page.getByTestId('learn-head').first().click();
    await page.waitForFunction((old) => document.querySelector('[data-testid=learn-path]').textContent !== old, block);
    assert.match(await page.getByTestId('learn-path').textContent(), /block \d, head 1/);
    await page.getByTestId('learn-up').click();
    await page.waitForSelector('.block[data-open]', { state: 'detached' });
  });

  test('masks drawn by chance can be taken, and undone', async () => {
    await page.getByTestId('learn-dial').fill('1.6');
    await page.getByTestId('learn-draw').click();
    await page.waitForFunction(() => /^64 of 64/.test(document.querySelector('[data-testid=learn-agreement]').textContent), undefined, { timeout: 60_000 });
    await state(page, 'done');
    const old = await tokens();
    await page.waitForSelector('[data-testid=learn-sample]:not(:disabled)');
    await page.getByTestId('learn-sample').nth(2).click();
    await page.waitForFunction((old) => window.__mriseg.last && window.__mriseg.last.tokens.join() !== old, old.join());
    await state(page, 'done');
    await page.waitForSelector('[data-testid=learn-sample][aria-current]');
    await page.getByTestId('learn-undo-sample').click();
    await page.waitForFunction((old) => window.__mriseg.last?.tokens.join() === old, old.join());
    await page.getByTestId('learn-dial').fill('1');
  });

  test('the game hides what the model thinks, and counts what you guess', async () => {
    await page.waitForSelector('[data-testid=learn-guess]:not(:disabled)');
    for (let round = 1; round <= 3; round++) {
      await page.getByTestId('learn-guess').click();
      await page.waitForSelector('[data-testid=learn-choice][data-state=open]');
      assert.ok(await page.getByTestId('learn-codes').isHidden());
      const choices = await page.getByTestId('learn-choice').evaluateAll((all) => all.map(({ dataset }) => dataset.code));
      assert.equal(new Set(choices).size, 5);
      await page.getByTestId('learn-choice').nth(round).click();
      await page.waitForSelector('[data-testid=learn-choice][data-state=right]');
      const hit = (await page.getByTestId('learn-choice').nth(round).getAttribute('data-state')) === 'right';
      const wrong = await page.locator('[data-testid=learn-choice][data-state=wrong]').count();
      assert.equal(wrong, hit ? 0 : 1);
      assert.ok(await page.getByTestId('learn-codes').isVisible());
      const { rounds, yours, model } = await page.getByTestId('learn-score').evaluate(({ dataset }) => ({ ...dataset }));
      assert.equal(Number(rounds), round);
      assert.ok(Number(yours) <= round && Number(model) <= round && Number(model) >= 0);
    }
    await screenshot(page, 'learn');
  });

  test('a decoding step by step shows its proposals, and where it is stopped the next token can be chosen', async () => {
    await page.getByTestId('pace-select').selectOption('step');
    await page.getByTestId('segment').click();
    await page.waitForSelector('[data-testid=next-pass]:visible');
    for (let pass = 1; pass <= 5; pass++) {
      await page.getByTestId('next-pass').click();
      await page.waitForFunction((pass) => document.querySelector('[data-testid=learn-token]').textContent.includes(`pass ${pass} of ${pass}`), pass);
    }
    assert.ok((await page.locator('[data-testid=learn-drafts] li').count()) > 0);
    assert.ok(await page.getByTestId('learn-codes').isHidden());
    await page.getByTestId('stop').click();
    await state(page, 'stopped');
    await page.waitForSelector('[data-testid=learn-codes]:visible');
    const { count } = await page.getByTestId('learn-mask').evaluate((canvas) => ({ count: Number(canvas.ariaValueMax) - 1 }));
    assert.ok(count >= 5 && count < 64);
    await page.getByTestId('learn-mask').press('End');
    await page.waitForFunction((next) => document.querySelector('[data-testid=learn-mask]').ariaValueNow === next, String(count + 1));
    await page.getByTestId('pace-select').selectOption('real');
    const [, second] = await codes();
    await page.getByTestId('learn-code').nth(1).click();
    await page.waitForFunction(([index, code]) => window.__mriseg.last?.tokens[index] === code, [count, second.code]);
    await page.waitForSelector('[data-testid=learn-edited]:visible');
    await attended();
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`everybody can use it, in the ${colorScheme}`, async () => {
      // Colours that fade would be measured half-way.
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), colorScheme);
      await page.evaluate(`${AXE}; undefined`);
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`), []);
    });
  }

  test('it speaks German, and on a phone nothing has to be scrolled sideways', async () => {
    await page.getByTestId('language').click();
    assert.match(await page.getByTestId('learn-now').textContent(), /sagt das Stück in Zeile \d+, Spalte \d+ voraus/);
    await page.setViewportSize({ width: 375, height: 740 });
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 375);
    await screenshot(page, 'learn-phone');
  });

  test('nothing went wrong on the way', () => guard.nothingWrong());
});
