// The imaging module in Chromium: DICOM files of every encoding give the values that pydicom reads.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DIST, missing, open } from './page.mjs';

const FIXTURES = join(resolve(dirname(fileURLToPath(import.meta.url)), '../..'), 'crates/mriseg-dicom/fixtures');
const unbuilt = missing || (!existsSync(join(DIST, 'imaging')) && 'the imaging module is not built: run ./scripts/build-web');

let opened;
let page;
before(async () => {
  if (unbuilt) return;
  opened = await open();
  page = await opened.browser.newPage();
  await page.goto(`${opened.server.url}index.html`);
  await page.evaluate(async () => {
    const module = await import(new URL('imaging/mriseg_imaging.js', document.baseURI).href);
    await module.default();
    globalThis.imaging = module;
    globalThis.bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  });
});
after(() => opened?.close());

const fixture = (name) => readFileSync(join(FIXTURES, `${name}.dcm`)).toString('base64');

test('values are those of pydicom', { skip: unbuilt }, async () => {
  const expected = JSON.parse(readFileSync(join(FIXTURES, 'expected.json'), 'utf8'));
  for (const [name, { pixels = [], rows, columns, tolerance = 0 }] of Object.entries(expected)) {
    const found = await page.evaluate(
      ([file, name, points]) => {
        const study = imaging.open(bytesOf(file), name);
        const values = points.map(([x, y]) => [x, y, ...study.value(0, x, y)]);
        const { width, height } = study.info();
        study.free();
        return { values, width, height };
      },
      [fixture(name), name, pixels],
    );
    assert.deepEqual([found.width, found.height], [columns, rows], name);
    for (const [i, pixel] of pixels.entries()) {
      for (const [j, value] of pixel.entries()) {
        assert.ok(Math.abs(found.values[i][j] - value) <= tolerance + 1e-9, `${name}: ${found.values[i]} ${pixel}`);
      }
    }
  }
});

test('a picture is rendered, given as PNG, and its masks become files', { skip: unbuilt }, async () => {
  const seen = await page.evaluate((file) => {
    const study = imaging.open(bytesOf(file), 'a.dcm');
    const { width, height, windows } = study.info();
    const [own] = windows;
    const mask = new Uint8Array(width * height).fill(1, 100, 900);
    const rendered = study.render(0, own.centre, own.width, false, 48);
    const segment = { label: 'left lung', mask, colour: [255, 0, 0], algorithm: 'phantom' };
    const seg = study.segmentation(0, [segment]);
    const nifti = imaging.nifti(mask, width, height, study.info().spacing ?? undefined);
    const png = study.picture(0);
    const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));
    return {
      size: [rendered.width, rendered.height, rendered.rgba.length],
      png: text(png, 1, 4),
      seg: text(seg, 128, 132),
      nifti: [...nifti.subarray(0, 2)],
      auto: study.auto(0),
    };
  }, fixture('mono2_12bit'));
  assert.deepEqual(seen.size, [48, 40, 48 * 40 * 4]);
  assert.deepEqual([seen.png, seen.seg, seen.nifti], ['PNG', 'DICM', [0x1f, 0x8b]]);
  assert.ok(seen.auto.width > 100, JSON.stringify(seen.auto));
});

test('a file that is not decoded is named with a remedy', { skip: unbuilt }, async () => {
  const message = await page.evaluate((file) => {
    try {
      imaging.open(bytesOf(file), 'scan.dcm');
      return 'opened';
    } catch (error) {
      return error.message;
    }
  }, fixture('jpeg_ls'));
  assert.match(message, /^scan\.dcm: .*JPEG-LS.*convert it/);
});
