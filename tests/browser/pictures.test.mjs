// How the page looks: every state at three sizes in both themes, beside pictures that a person has looked at.
//
//   MRISEG_REVIEW=1 node --test pictures.test.mjs   writes them anew, into reviewed/; look at each before it is committed
//
// Compared is what is left of a picture when it is made small: fonts may differ, the layout may not.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadModel, missing, open, settings, state, visit } from './page.mjs';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'reviewed');
const REVIEW = process.env.MRISEG_REVIEW === '1';
const SIZES = { wide: { width: 1360, height: 900 }, tablet: { width: 768, height: 1024 }, phone: { width: 375, height: 740 } };
/** Of 255: the mean difference, and the share of blocks that may differ by more than `BLOCK`. */
const [MEAN, BLOCK, SHARE] = [12, 48, 0.1];

/** What is looked at, in the order in which one page gets there. */
const STATES = {
  idle: async () => {},
  settings: async (page, shoot) => settings(page, shoot),
  done: async (page) => {
    await loadModel(page);
    await page.getByTestId('segment').click();
    await state(page, 'done');
    // A click scrolls its button into view.
    await page.evaluate(() => scrollTo(0, 0));
  },
  'two-findings': async (page) => {
    await page.getByTestId('prompt').fill('left lung');
    await page.getByTestId('segment').click();
    await state(page, 'done');
    // What comes after the mask moves what stands below it.
    await page.getByTestId('checks').locator('li').first().waitFor();
    await page.waitForTimeout(700);
    await page.evaluate(() => document.querySelector('#clinic').scrollIntoView());
  },
  earlier: async (page) => {
    await page.evaluate(() => scrollTo(0, 0));
    await page.getByTestId('scrub').focus();
    for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowLeft');
    await page.waitForTimeout(500);
  },
  learn: async (page) => {
    await page.getByTestId('tab-learn').click();
    await page.waitForTimeout(1500);
  },
  sequence: async (page) => {
    await page.evaluate(() => document.querySelector('#learn-wide').scrollIntoView());
    await page.waitForTimeout(500);
  },
  refused: async (page) => {
    await page.getByTestId('tab-segment').click();
    await page.evaluate(() => scrollTo(0, 0));
    const file = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') };
    await page.getByTestId('file-input').setInputFiles(file);
    await page.getByRole('alert').waitFor();
    await page.waitForTimeout(200);
  },
};

describe('pictures of the page', { skip: missing }, () => {
  let session;
  let judge;
  before(async () => {
    session = await open();
    judge = await session.browser.newPage();
  });
  after(() => session?.close());

  /** The screenshot as a small WebP file, for people and the repository. */
  const small = async (png) => {
    const base64 = await judge.evaluate(async (base64) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
      const scale = Math.min(1, 640 / bitmap.width);
      const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
      const context = canvas.getContext('2d');
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.6 })).arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    }, png.toString('base64'));
    return Buffer.from(base64, 'base64');
  };

  /** Mean difference of two pictures that were made small, and the share of blocks that differ much. */
  const difference = (one, other) =>
    judge.evaluate(
      async ([pictures, block]) => {
        const [width, height] = [48, 48];
        const blocks = async (base64) => {
          const bitmap = await createImageBitmap(await (await fetch(`data:image/webp;base64,${base64}`)).blob());
          const context = new OffscreenCanvas(width, height).getContext('2d');
          context.imageSmoothingQuality = 'high';
          context.drawImage(bitmap, 0, 0, width, height);
          const { data } = context.getImageData(0, 0, width, height);
          return Array.from({ length: width * height }, (_, i) => (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3);
        };
        const [a, b] = await Promise.all(pictures.map(blocks));
        const apart = a.map((value, i) => Math.abs(value - b[i]));
        return {
          mean: apart.reduce((sum, value) => sum + value, 0) / apart.length,
          share: apart.filter((value) => value > block).length / apart.length,
        };
      },
      [[one, other].map((bytes) => bytes.toString('base64')), BLOCK],
    );

  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark']) {
      test(`${size}, ${colorScheme}`, async (t) => {
        const { page, nothingWrong } = await visit(session, { viewport, colorScheme, reducedMotion: 'reduce' });
        await page.waitForFunction(() => /once/.test(document.querySelector('[data-testid=segment]').textContent));
        const wrong = [];
        for (const [name, reach] of Object.entries(STATES)) {
          const shoot = async () => {
            assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} scrolls sideways`);
            const taken = await small(await page.screenshot());
            const file = join(FOLDER, `${name}-${size}-${colorScheme}.webp`);
            if (REVIEW) {
              mkdirSync(FOLDER, { recursive: true });
              writeFileSync(file, taken);
              return;
            }
            if (!existsSync(file)) return wrong.push(`${name}: nobody has reviewed it; run with MRISEG_REVIEW=1 and look`);
            const { mean, share } = await difference(readFileSync(file), taken);
            if (mean > MEAN || share > SHARE) {
              wrong.push(`${name}: differs from ${file} by ${mean.toFixed(1)}, in ${(100 * share).toFixed(1)} % of its blocks much`);
            }
          };
          let taken = false;
          await reach(page, async () => {
            await shoot();
            taken = true;
          });
          if (!taken) await shoot();
        }
        t.diagnostic(`${Object.keys(STATES).length} pictures`);
        assert.deepEqual(wrong, []);
        nothingWrong();
        await page.context().close();
      });
    }
  }
});
