// Looking at pictures: DICOM and 16 bits, window and level, zoom, values under the pointer, frames.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { DIST, missing, open, screenshot, state, visit } from './page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FIXTURES = resolve(dirname(fileURLToPath(import.meta.url)), '../../crates/mriseg-dicom/fixtures');
const expected = JSON.parse(readFileSync(join(FIXTURES, 'expected.json'), 'utf8'));
const MODULE = /imaging\/.*\.wasm$/;
const skip = missing || (!existsSync(join(DIST, 'imaging')) && 'the page has no imaging module: run ./scripts/build-web --imaging');

const fixture = (name) => join(FIXTURES, `${name}.dcm`);

/** A page with its first picture. */
async function start(session, options) {
  const visited = await visit(session, options);
  await visited.page.getByTestId('mask-canvas').waitFor();
  // It is there before the picture is.
  await until(visited.page, async () => (await mean(visited.page)) > 0, 'no picture is drawn');
  return visited;
}

/** Moves the pointer to a pixel and gives the line about it, once it has `values`. */
async function readout(page, [x, y], { width, height }, values = /·/) {
  const { x: left, y: top, width: across, height: down } = await page.getByTestId('mask-canvas').boundingBox();
  await page.mouse.move(left + ((x + 0.5) / width) * across, top + ((y + 0.5) / height) * down);
  const line = page.getByTestId('pixel');
  await page.waitForFunction(
    ([begin, source]) => {
      const text = document.querySelector('[data-testid=pixel]').textContent;
      return text.startsWith(begin) && new RegExp(source).test(text);
    },
    [`x ${x}  y ${y}`, values.source],
    { timeout: 5_000 },
  ).catch(async (error) => {
    throw new Error(`waited for the value at ${x}, ${y}; the line is: ${await line.textContent()}`, { cause: error });
  });
  return line.textContent();
}

/** Mean grey of what is shown, of 255. */
const mean = async (page) => (await shown(page)).mean;

/** Mean grey, and one number that is another one for nearly every other picture. */
const shown = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('#picture');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let [total, moment] = [0, 0];
    for (let i = 0; i < data.length; i += 4) {
      total += data[i];
      moment += data[i] * (i % 9973);
    }
    return { mean: total / (data.length / 4), moment };
  });

async function until(page, check, message) {
  for (let i = 0; i < 100; i++) {
    if (await check()) return;
    await page.waitForTimeout(50);
  }
  assert.fail(message);
}

/** A grey PNG of 16 bits whose values grow along its rows. */
function png16(width, height) {
  const rows = Buffer.alloc(height * (1 + 2 * width));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows.writeUInt16BE(x * 256 + y, y * (1 + 2 * width) + 1 + 2 * x);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

describe('looking at the picture', { skip }, () => {
  let session;
  before(async () => {
    session = await open();
  });
  after(() => session?.close());

  test('a DICOM file opens with its values, windows and letters; the module is downloaded only for it, once', async () => {
    const begin = session.server.requests.length;
    const asked = () => session.server.requests.slice(begin).filter((line) => MODULE.test(line)).length;
    const { page, context, nothingWrong } = await start(session);
    assert.equal(asked(), 0);
    await page.getByTestId('file-input').setInputFiles(fixture('mono1_16bit_window'));
    await page.getByTestId('edge-left').waitFor();
    assert.equal(asked(), 1);
    const letters = await Promise.all(['left', 'right', 'top', 'bottom'].map((edge) => page.getByTestId(`edge-${edge}`).textContent()));
    assert.deepEqual(letters, ['R', 'L', 'H', 'F']);
    assert.match(await page.getByTestId('view-note').textContent(), /patient’s right on the left/);
    const { columns: width, rows: height, pixels } = expected.mono1_16bit_window;
    for (const [x, y, value] of pixels.slice(0, 5)) {
      const line = await readout(page, [x, y], { width, height });
      assert.ok(line.includes(`·  ${value}  ·`), `${line} for ${value}`);
    }
    // 0.15 mm across and 0.2 mm down on the detector, which sees everything 1.25 times as large.
    assert.match(await readout(page, [48, 40], { width, height }), /5\.8 × 6\.5 mm/);
    await screenshot(page, 'dicom');
    await page.evaluate(`${AXE}; undefined`);
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`), []);
    nothingWrong();
    const second = await start(session, { context });
    await second.page.getByTestId('file-input').setInputFiles(fixture('no_preamble'));
    await until(second.page, async () => (await second.page.getByTestId('window-preset').inputValue()) === 'file', 'no window');
    await readout(second.page, [48, 40], { width: expected.no_preamble.columns, height: expected.no_preamble.rows });
    assert.equal(asked(), 1);
    await context.close();
  });

  test('a drag changes window and centre, the mask stays, and the model reads what it read before', async () => {
    const { page, context, nothingWrong } = await start(session);
    await page.getByTestId('file-input').setInputFiles(fixture('mono2_12bit'));
    await page.locator('[data-testid=window-preset] option[value=file-2]').waitFor({ state: 'attached' });
    assert.deepEqual(await page.locator('[data-testid=window-preset] option').allTextContents(), [
      'NORMAL (file)',
      'HARDER',
      'Full range',
      'Automatic',
    ]);
    await page.getByTestId('prompt').fill('infection in both lungs');
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['done', 'error'], 120_000), 'done', await page.getByTestId('status').textContent());
    const tokens = await page.evaluate(() => window.__mriseg.last.tokens);
    const bright = await mean(page);
    await page.getByTestId('tool-window').click();
    const { x, y, width, height } = await page.getByTestId('mask-canvas').boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width / 2 - 100, y + height / 2 + 60, { steps: 8 });
    const figures = page.getByTestId('window-figures');
    await figures.waitFor();
    // 4086 values from the least to the greatest are 800 pixels long.
    assert.equal(await figures.textContent(), 'C 2354  W 3585');
    await page.mouse.up();
    assert.ok(await figures.isHidden());
    await until(page, async () => (await mean(page)) < bright - 5, 'the picture is not darker');
    assert.match(await page.getByTestId('view-note').textContent(), /The model reads the picture with the file’s own window/);
    assert.equal(await page.getByTestId('status').getAttribute('data-state'), 'done');
    await screenshot(page, 'window');
    await page.getByTestId('window-preset').selectOption('file-2');
    await page.getByTestId('invert').click();
    assert.equal(await page.getByTestId('invert').getAttribute('aria-pressed'), 'true');
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['done', 'error'], 120_000), 'done');
    assert.deepEqual(await page.evaluate(() => window.__mriseg.last.tokens), tokens);
    await page.getByTestId('see').click();
    await page.getByTestId('seen').waitFor();
    await page.getByTestId('reset-view').click();
    await until(page, async () => Math.abs((await mean(page)) - bright) < 1, 'the window is not the first one');
    assert.equal(await page.getByTestId('window-preset').inputValue(), 'file');
    nothingWrong();
    await context.close();
  });

  test('Hounsfield units have windows of the chest', async () => {
    const { page, context } = await start(session);
    await page.getByTestId('file-input').setInputFiles(fixture('signed_rescale_ct'));
    const lung = page.locator('[data-testid=window-preset] option[value=lung]');
    await lung.waitFor({ state: 'attached' });
    const { columns: width, rows: height, pixels } = expected.signed_rescale_ct;
    const [x, y, value] = pixels[4];
    assert.ok((await readout(page, [x, y], { width, height })).includes(`·  ${value} HU`));
    const before = await mean(page);
    await page.getByTestId('window-preset').selectOption('lung');
    await until(page, async () => Math.abs((await mean(page)) - before) > 1, 'the window of the lung changes nothing');
    await context.close();
  });

  test('the keyboard windows, zooms and moves the picture', async () => {
    const { page, context, nothingWrong } = await start(session);
    await page.getByTestId('file-input').setInputFiles(fixture('mono2_12bit'));
    await page.locator('[data-testid=window-preset] option[value=file-2]').waitFor({ state: 'attached' });
    const before = await mean(page);
    await page.getByTestId('mask-canvas').focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press('Shift+ArrowUp');
    // 16 of 800 pixels of 4086 values each time.
    assert.equal(await page.getByTestId('window-figures').textContent(), 'C 1638  W 4096');
    await until(page, async () => (await mean(page)) > before + 5, 'the picture is not brighter');
    assert.equal(await page.getByTestId('window-preset').inputValue(), 'own');
    const placed = () => page.locator('#frame').evaluate((frame) => frame.style.transform);
    for (const key of ['+', '+', '+']) await page.keyboard.press(key);
    const there = await placed();
    await page.keyboard.press('Control+ArrowDown');
    assert.notEqual(await placed(), there);
    await page.keyboard.press('0');
    assert.equal(await placed(), '');
    nothingWrong();
    await context.close();
  });

  test('pictures of 8 bits are windowed too', async () => {
    const { page, context, nothingWrong } = await start(session);
    const before = await mean(page);
    await page.getByTestId('invert').click();
    await until(page, async () => Math.abs((await mean(page)) - (255 - before)) < 2, 'the picture is not inverted');
    assert.match(await page.getByTestId('view-note').textContent(), /as it is in the file/);
    await page.getByTestId('invert').click();
    await until(page, async () => Math.abs((await mean(page)) - before) < 1, 'the picture is not as before');
    assert.equal(await page.getByTestId('view-note').textContent(), '');
    nothingWrong();
    await context.close();
  });

  test('a PNG of 16 bits shows its own values', async () => {
    const { page, context, nothingWrong } = await start(session);
    await page.getByTestId('file-input').setInputFiles({ name: 'deep.png', mimeType: 'image/png', buffer: png16(200, 100) });
    await until(page, async () => (await page.locator('#frame').evaluate((frame) => frame.style.getPropertyValue('--aspect'))) === '2', 'not opened');
    const line = await readout(page, [123, 45], { width: 200, height: 100 });
    assert.ok(line.includes(String(123 * 256 + 45)), line);
    nothingWrong();
    await context.close();
  });

  test('every frame of a file is a picture of its own', async () => {
    const { page, context, nothingWrong } = await start(session);
    await page.getByTestId('file-input').setInputFiles(fixture('multi_frame'));
    await page.getByTestId('frame-slider').waitFor();
    assert.equal(await page.getByTestId('frame-count').textContent(), '1 / 3');
    await page.getByTestId('prompt').fill('infection in both lungs');
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['done', 'error'], 120_000), 'done');
    const { moment } = await shown(page);
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('PageDown');
    await state(page, 'ready');
    assert.equal(await page.getByTestId('frame-count').textContent(), '2 / 3');
    assert.equal(await page.evaluate(() => window.__mriseg.last), undefined);
    await until(page, async () => (await shown(page)).moment !== moment, 'the same frame is shown');
    await page.getByTestId('frame-slider').fill('3');
    await until(page, async () => (await page.getByTestId('frame-count').textContent()) === '3 / 3', 'not the third frame');
    assert.ok(await page.getByTestId('frame-on').isDisabled());
    await page.getByTestId('segment').click();
    assert.equal(await state(page, ['done', 'error'], 120_000), 'done');
    nothingWrong();
    await context.close();
  });

  test('the point under the pointer stays there while it is zoomed; single pixels are squares', async () => {
    const { page, context, nothingWrong } = await start(session);
    // A thumbnail has no size before it is loaded.
    await page.waitForFunction(() => document.querySelector('[data-testid=gallery-item] img').naturalWidth > 0);
    const size = await page.evaluate(async () => {
      const image = document.querySelector('[data-testid=gallery-item] img');
      return { width: image.naturalWidth, height: image.naturalHeight };
    });
    const line = await readout(page, [70, 90], size);
    await page.keyboard.down('Control');
    for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -120);
    await page.keyboard.up('Control');
    await page.mouse.move(0, 0);
    assert.match(await page.getByTestId('zoom-fit').textContent(), /[5-9]\d\d %/);
    assert.equal(await readout(page, [70, 90], size), line);
    await until(page, () => page.locator('#picture.pixelated').count(), 'the pixels are smooth');
    assert.equal(await page.locator('#picture').evaluate((canvas) => canvas.width), size.width);
    await page.getByTestId('mask-canvas').focus();
    await page.keyboard.press('0');
    assert.equal(await page.getByTestId('zoom-fit').textContent(), '100 %');
    // Without Ctrl, the wheel scrolls the page.
    await page.mouse.wheel(0, 300);
    await until(page, () => page.evaluate(() => scrollY > 0), 'the page does not scroll');
    assert.equal(await page.getByTestId('zoom-fit').textContent(), '100 %');
    nothingWrong();
    await context.close();
  });

  test('what cannot be opened is called by its kind, and the picture before stays', async () => {
    const { page, context } = await start(session);
    const notice = page.locator('#notice');
    const jpeg12 = Buffer.from([0xff, 0xd8, 0xff, 0xc1, 0, 11, 12, 0, 1, 0, 1, 1, 1, 0x11, 0, 0xff, 0xd9]);
    const files = [
      [{ name: 'deep.jpg', mimeType: 'image/jpeg', buffer: jpeg12 }, /deep\.jpg is a JPEG of 12 bits/],
      [{ name: 'phone.heic', mimeType: '', buffer: Buffer.from('\0\0\0\x18ftypheic\0\0\0\0', 'latin1') }, /phone\.heic is a HEIC picture/],
      [fixture('jpeg_ls'), /jpeg_ls\.dcm.*JPEG-LS/],
      [fixture('no_pixels'), /no_pixels\.dcm/],
      [fixture('video'), /video\.dcm/],
    ];
    for (const [file, message] of files) {
      await page.getByTestId('file-input').setInputFiles(file);
      await until(page, async () => message.test(await notice.textContent()), `waited for ${message}`);
    }
    const size = await page.evaluate(() => document.querySelector('[data-testid=gallery-item] img').naturalWidth);
    await readout(page, [10, 10], { width: size, height: size });
    await context.close();
  });
});
