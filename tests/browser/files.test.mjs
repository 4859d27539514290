// Whatever people bring: every file is shown as the engine reads it, or told in one sentence, and the page goes on.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BUNDLE, GALLERY, choose, loadModel, missing, open, screenshot, settings, shown, state, timing, visit } from './page.mjs';
import { noFirefox, openFirefox, visit as visitFirefox } from './firefox.mjs';
import { largePng, tagged } from './tagged.mjs';

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), 'fixtures');
const PICTURES = join(FIXTURES, 'pictures');
const SKIN = join(FIXTURES, 'skin');
const DICOM = join(FIXTURES, '../../../crates/mriseg-dicom/fixtures');
const read = (name) => readFileSync(join(/_.*dcm$/.test(name) ? DICOM : PICTURES, name));
const file = (name, buffer) => ({ name, buffer, mimeType: 'application/octet-stream' });

/** Changes one byte. */
const changed = (bytes, at, value) => {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
};

/** Where the frame of `upright.jpg` begins. */
const FRAME = missing ? 0 : read('upright.jpg').indexOf(Buffer.of(0xff, 0xc0));

/** What is told of a file that is not opened, in both languages. */
const REFUSED = missing ? [] : [
  ['photo.heic', read('photo.heic'), 'photo.heic is a HEIC picture: save it as PNG first.', 'photo.heic ist ein HEIC-Bild: zuerst als PNG speichern.'],
  ['scan.tif', Buffer.from('II*\0\x08\0\0\0', 'latin1'), 'scan.tif is a TIFF picture: save it as PNG first.', 'scan.tif ist ein TIFF-Bild: zuerst als PNG speichern.'],
  ['drawing.svg', read('drawing.svg'), 'drawing.svg is an SVG drawing: save it as PNG first.', 'drawing.svg ist eine SVG-Zeichnung: zuerst als PNG speichern.'],
  ['brain.nii.gz', read('brain.nii.gz'), 'brain.nii.gz is a NIfTI volume: save one slice of it as PNG.', 'brain.nii.gz ist ein NIfTI-Volumen: eine Schicht daraus als PNG speichern.'],
  ['paper.pdf', Buffer.from('%PDF-1.7\n'), 'paper.pdf is a PDF document: save the picture in it as PNG.', 'paper.pdf ist ein PDF-Dokument: das Bild darin als PNG speichern.'],
  ['moving.gif', Buffer.from('GIF89a....'), 'moving.gif is a GIF picture: save it as PNG first.', 'moving.gif ist ein GIF-Bild: zuerst als PNG speichern.'],
  ['old.bmp', Buffer.from('BM......'), 'old.bmp is a BMP picture: save it as PNG first.', 'old.bmp ist ein BMP-Bild: zuerst als PNG speichern.'],
  ['twelve.jpg', changed(read('upright.jpg'), FRAME + 4, 12), /^twelve\.jpg is a JPEG of 12 bits, which browsers do not decode: save it as PNG/, /^twelve\.jpg ist ein JPEG mit 12 Bits, das Browser nicht dekodieren: als PNG/],
  ['lossless.jpg', changed(read('upright.jpg'), FRAME + 1, 0xc3), /^lossless\.jpg is a lossless JPEG, which/, /^lossless\.jpg ist ein verlustfreies JPEG, das/],
  ['arithmetic.jpg', changed(read('upright.jpg'), FRAME + 1, 0xc9), /^arithmetic\.jpg is a JPEG with arithmetic coding, which/, /^arithmetic\.jpg ist ein arithmetisch kodiertes JPEG, das/],
  ['no-end.jpg', read('upright.jpg').subarray(0, -2), 'no-end.jpg is a JPEG without its end: copy or download it again.', 'no-end.jpg ist ein JPEG ohne sein Ende: erneut kopieren oder herunterladen.'],
  ['torn.png', read('exif6-upright.png').subarray(0, 40), /^torn\.png is damaged, or a PNG file of a kind/, /^torn\.png ist beschädigt oder eine PNG-Datei/],
  ['void.png', Buffer.alloc(0), 'void.png is empty (0 bytes): choose another file.', 'void.png ist leer (0 Bytes): eine andere Datei wählen.'],
  ['scan.dcm', read('scan.dcm'), /^scan\.dcm: a DICOM file without pixels; /, /^scan\.dcm: a DICOM file without pixels; /],
  ['letter.txt', Buffer.from('Dear Sir'), /^letter\.txt is not a PNG, JPEG or WebP picture and no DICOM file: convert/, /^letter\.txt ist weder ein Bild/],
];

/** Files that are read, and the size at which they are. */
const READ = {
  'exif3.jpg': [256, 256],
  'exif6.jpg': [256, 160],
  'exif6.png': [256, 160],
  'upright.jpg': [256, 256],
  'cmyk.jpg': [256, 256],
  'ycck.jpg': [256, 256],
  'one.png': [1, 1],
  'thin.png': [2, 4000],
  'twelve-in-sixteen.png': [256, 256],
  'mono2_8bit.dcm': undefined,
  'no_preamble.dcm': undefined,
};

/** Runs in the page: the canvas as greys of 0 to 255 at `width` x `height`, on the black of the stage. */
const greys = ([selector, width, height]) => {
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.fillRect(0, 0, width, height);
  context.drawImage(document.querySelector(selector), 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return Array.from({ length: width * height }, (_, i) => data[4 * i]);
};

/** Runs in the page: four fields of different greys, as a file in base64. */
const quarters = async ([type, width, height, levels]) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  levels.forEach((level, i) => {
    context.fillStyle = `rgb(${level} ${level} ${level})`;
    context.fillRect(((i % 2) * width) / 2, (Math.floor(i / 2) * height) / 2, width / 2, height / 2);
  });
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type, quality: 1 })).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
};

const LEVELS = [20, 90, 160, 230];
/** Where the stored fields (upper left, upper right, lower left, lower right: 0 to 3) are upright, by TIFF 6.0, tag 274. */
const UPRIGHT = { 1: [0, 1, 2, 3], 2: [1, 0, 3, 2], 3: [3, 2, 1, 0], 4: [2, 3, 0, 1], 5: [0, 2, 1, 3], 6: [2, 0, 3, 1], 7: [3, 1, 2, 0], 8: [1, 3, 0, 2] };

/** Pearson's correlation. */
function correlation(a, b) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (f) => a.reduce((sum, _, i) => sum + f(a[i] - ma, b[i] - mb), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

/** Drops what `make`, which runs in the page, puts into a DataTransfer. */
async function drop(page, make, given, target = '#stage') {
  const transfer = await page.evaluateHandle(make, given);
  for (const type of ['dragover', 'drop']) await page.dispatchEvent(target, type, { dataTransfer: transfer });
}

const asFiles = (files) => {
  const transfer = new DataTransfer();
  for (const [name, base64] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
  }
  return transfer;
};

const notice = async (page, expected) => {
  await page
    .waitForFunction(([source]) => new RegExp(source).test(document.querySelector('#notice').textContent), [expected.source], { timeout: 10_000 })
    .catch(async (cause) => {
      throw new Error(`waited for ${expected}, the notice is: ${await page.locator('#notice').textContent()}`, { cause });
    });
};

async function workersNamed(page, name) {
  const workers = page.workers();
  const names = await Promise.all(workers.map((worker) => worker.evaluate(() => self.name).catch(() => undefined)));
  return workers.filter((_, i) => names[i] === name);
}

/** Presses Segment with a sentence of this model and waits for the mask. */
async function segmentNow(page, text) {
  await page.getByTestId('prompt').fill(text);
  await page.getByTestId('segment').click();
  const reached = await state(page, ['done', 'error'], 120_000);
  assert.equal(reached, 'done', await page.getByTestId('status').textContent());
}

describe('files', { skip: missing }, () => {
  let session;
  before(async () => {
    session = await open();
  });
  after(() => session?.close());

  /** Visits, does `work` and closes; nothing may go wrong meanwhile. */
  const visited = async (work, options) => {
    const { page, context, nothingWrong } = await visit(session, options);
    await work(page);
    nothingWrong();
    await context.close();
  };
  const bring = (page, name, buffer) => page.getByTestId('file-input').setInputFiles(file(name, buffer));

  test('every file is read or told in one sentence, in both languages, and the page goes on working', () =>
    visited(async (page) => {
      await loadModel(page);
      const stays = async () => page.locator('#stage').getAttribute('data-picture');
      for (const language of [2, 3]) {
        for (const [name, bytes, ...told] of REFUSED) {
          const before = await stays();
          await bring(page, name, bytes);
          const expected = told[language - 2];
          await notice(page, expected instanceof RegExp ? expected : new RegExp(`^${expected.replace(/[.()]/g, '\\$&')}$`));
          assert.equal(await stays(), before, `${name} has taken the place of the picture`);
        }
        await page.getByTestId('language').click();
      }
      assert.deepEqual(readdirSync(PICTURES).filter((name) => !(name in READ) && !REFUSED.some(([refused]) => refused === name)).sort(), ['exif6-upright.png', 'patch.png']);
      for (const [name, size] of Object.entries(READ)) {
        await bring(page, name, read(name));
        await shown(page, name);
        assert.equal(await page.locator('#notice').textContent(), '', name);
        const [across, down] = await page.locator('#frame').evaluate(({ clientWidth, clientHeight }) => [clientWidth, clientHeight]);
        assert.ok(across >= 5 && down >= 5, `${name} is shown at ${across} x ${down}`);
        await choose(page, 'model-select', BUNDLE);
        await segmentNow(page, 'left lung');
        const { width, height } = await page.evaluate(() => window.__mriseg.last);
        if (size) assert.deepEqual([width, height], size, name);
      }
    }));

  test('what is shown is turned by its orientation tag, whatever the format', () =>
    visited(async (page) => {
      for (const type of ['image/png', 'image/jpeg', 'image/webp']) {
        const [width, height] = [64, 32];
        const plain = Buffer.from(await page.evaluate(quarters, [type, width, height, LEVELS]), 'base64');
        for (const [orientation, places] of Object.entries(UPRIGHT)) {
          for (const littleEndian of [true, false]) {
            const name = `${orientation}-${littleEndian}.${type.slice(6)}`;
            await bring(page, name, tagged(plain, Number(orientation), { littleEndian, width, height }));
            await shown(page, name);
            const size = orientation >= 5 ? [height, width] : [width, height];
            assert.equal(await page.locator('#frame').evaluate((frame) => frame.style.getPropertyValue('--aspect')), String(size[0] / size[1]), name);
            const found = await page.evaluate(greys, ['#picture', 4, 4]);
            const fields = [found[0], found[3], found[12], found[15]];
            fields.forEach((level, i) => assert.ok(Math.abs(level - LEVELS[places[i]]) < 8, `${name}: ${fields}`));
          }
        }
      }
    }));

  test('what is shown is what the engine reads', () =>
    visited(async (page) => {
      await loadModel(page);
      const compare = async (name, bytes) => {
        await bring(page, name, bytes);
        await shown(page, name);
        await choose(page, 'model-select', BUNDLE);
        await segmentNow(page, 'left lung');
        const picture = await page.evaluate(greys, ['#picture', 40, 40]);
        await page.getByTestId('see').click();
        await page.getByTestId('seen').waitFor();
        const { width, height } = await page.evaluate(() => window.__mriseg.last);
        // The model reads a square: what is padded is cut off again.
        const seen = await page.evaluate(([aspect]) => {
          const from = document.querySelector('[data-testid=seen]');
          const [w, h] = aspect >= 1 ? [from.width, from.height / aspect] : [from.width * aspect, from.height];
          const context = new OffscreenCanvas(40, 40).getContext('2d');
          context.drawImage(from, (from.width - w) / 2, (from.height - h) / 2, w, h, 0, 0, 40, 40);
          const { data } = context.getImageData(0, 0, 40, 40);
          return Array.from({ length: 1600 }, (_, i) => data[4 * i]);
        }, [width / height]);
        await page.getByTestId('see').click();
        return correlation(picture, seen);
      };
      const upright = read('exif6-upright.png');
      const webp = await page.evaluate(async (base64) => {
        const bitmap = await createImageBitmap(await (await fetch(base64)).blob());
        const canvas = new OffscreenCanvas(bitmap.height, bitmap.width);
        const context = canvas.getContext('2d');
        // As a camera stores it that was turned by a quarter.
        context.setTransform(0, -1, 1, 0, 0, bitmap.width);
        context.drawImage(bitmap, 0, 0);
        const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.95 })).arrayBuffer());
        return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
      }, new URL('gallery/p0.png', session.server.url).href);
      const files = [
        ['upright.png', upright],
        ['exif6.png', read('exif6.png')],
        ['exif6.jpg', read('exif6.jpg')],
        ['exif3.jpg', read('exif3.jpg')],
        ['exif6.webp', tagged(Buffer.from(webp, 'base64'), 6, { width: 256, height: 256 })],
        ['cmyk.jpg', read('cmyk.jpg')],
      ];
      for (const [name, bytes] of files) {
        const like = await compare(name, bytes);
        assert.ok(like > 0.95, `${name}: correlation ${like.toFixed(3)}`);
      }
    }));

  test('what shines through is shown as the engine reads it', () =>
    visited(async (page) => {
      const bytes = await page.evaluate(async () => {
        const canvas = new OffscreenCanvas(32, 32);
        const context = canvas.getContext('2d');
        const image = context.createImageData(32, 32);
        for (let i = 0; i < 32 * 32; i++) image.data.set([200, 200, 200, i < 512 ? 255 : 128], 4 * i);
        image.data.set([0, 0, 0, 255], 0);
        context.putImageData(image, 0, 0);
        const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
        return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
      });
      await bring(page, 'glass.png', Buffer.from(bytes, 'base64'));
      await shown(page, 'glass.png');
      const found = await page.evaluate(greys, ['#picture', 32, 32]);
      assert.ok(Math.abs(found[5 * 32 + 5] - found[30 * 32 + 5]) < 8, `${found[5 * 32 + 5]} above, ${found[30 * 32 + 5]} below`);
    }));

  test('of three files the first picture is opened, and that is told', () =>
    visited(async (page) => {
      const files = [['notes.txt', 'SGVsbG8='], ['scan10.png', read('exif6-upright.png').toString('base64')], ['scan9.png', read('one.png').toString('base64')]];
      await drop(page, asFiles, files);
      await shown(page, 'scan9.png');
      await notice(page, /^scan9\.png is open, one of 3 files: the page shows one picture at a time\.$/);
      await screenshot(page, 'one-of-three');
      await page.getByTestId('file-input').setInputFiles([file('a.txt', Buffer.from('x')), file('b.txt', Buffer.from('y'))]);
      await notice(page, /^None of these 2 files is a PNG, JPEG or WebP picture or a DICOM file: convert one and open it\.$/);
    }));

  test('a folder is opened by its first picture, and an empty one is told', () =>
    visited(async (page) => {
      // Only a person can drop a real folder: these are its entries as browsers give them.
      const folder = (tree) => {
        const entry = (name, content) =>
          typeof content === 'string'
            ? { name, fullPath: `/${name}`, isFile: true, isDirectory: false, file: (done) => done(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name)) }
            : {
                name,
                fullPath: `/${name}`,
                isFile: false,
                isDirectory: true,
                createReader: () => {
                  const portions = [Object.entries(content).map(([name, content]) => entry(name, content))];
                  return { readEntries: (done) => done(portions.shift() ?? []) };
                },
              };
        const transfer = new DataTransfer();
        transfer.items.add(new File(['x'], 'study'));
        DataTransferItem.prototype.webkitGetAsEntry = () => entry('study', tree);
        return transfer;
      };
      const picture = read('one.png').toString('base64');
      await drop(page, folder, { '.DS_Store': 'AAAA', '._a.png': picture, series: { 'IM2.png': picture, 'IM1.png': picture }, 'readme.txt': 'SGVsbG8=' });
      await shown(page, 'IM1.png');
      await notice(page, /^IM1\.png is open, one of 3 files/);
      await drop(page, folder, {});
      await notice(page, /^There is no file in study: drop a picture\.$/);
      await drop(page, folder, Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`${i}.png`, ''])));
      await notice(page, /^There are more than 1000 files in study\. Drop one picture of it, or the folder of a bundle itself\.$/);
    }));

  test('a mask is the ground truth of its own picture and of no other', () =>
    visited(async (page) => {
      const grey = await page.evaluate(quarters, ['image/png', 64, 64, LEVELS]);
      const mask = await page.evaluate(quarters, ['image/png', 64, 64, [0, 0, 255, 255]]);
      const small = await page.evaluate(quarters, ['image/png', 32, 32, [0, 0, 255, 255]]);
      const tiff = Buffer.from('II*\0\x08\0\0\0', 'latin1').toString('base64');
      const hasTruth = () => page.getByTestId('close-truth').evaluate(({ hidden }) => !hidden);
      await drop(page, asFiles, [['first.png', grey]]);
      await shown(page, 'first.png');
      // Its picture is refused: the one on screen stays as it is, and so does the refusal.
      await drop(page, asFiles, [['scan.tif', tiff], ['scan_mask.png', mask]]);
      await notice(page, /^scan\.tif is a TIFF picture: save it as PNG first\.$/);
      await drop(page, asFiles, [['first_mask.png', small]]);
      await notice(page, /^first_mask\.png has 32 x 32 pixels, the picture has 64 x 64/);
      assert.equal(await hasTruth(), false);
      assert.equal(await page.locator('#stage').getAttribute('data-picture'), 'first.png');
      // Of a folder, the first picture and the mask of its name; the other would be of another size.
      await drop(page, asFiles, [['.DS_Store', 'AAAA'], ['a_mask.png', small], ['b_mask.png', mask], ['notes.txt', 'SGVsbG8='], ['b.png', grey]]);
      await notice(page, /^b\.png is open, one of 4 files/);
      assert.equal(await hasTruth(), true);
      await drop(page, asFiles, [['a_mask.png', mask], ['c.png', grey], ['d.png', grey]]);
      await notice(page, /^c\.png is open, one of 3 files/);
      assert.equal(await hasTruth(), false);
      // A pair needs no telling.
      await drop(page, asFiles, [['e_mask.png', mask], ['e.png', grey]]);
      await shown(page, 'e.png');
      await page.waitForFunction(() => !document.querySelector('[data-testid=close-truth]').hidden);
      assert.equal(await page.locator('#notice').textContent(), '');
    }));

  test('an archive or the manifest of a web app among pictures hinders none of them', () =>
    visited(async (page) => {
      const base64 = (text) => Buffer.from(text).toString('base64');
      const picture = read('one.png').toString('base64');
      await drop(page, asFiles, [['manifest.json', base64('{"name":"App","icons":[]}')], ['report.zip', base64('PK')], ['scan.png', picture]]);
      await shown(page, 'scan.png');
      await notice(page, /^scan\.png is open, one of 3 files/);
      await drop(page, asFiles, [['report.zip', base64('PK')]]);
      await notice(page, /^report\.zip cannot be read as a zip archive/);
    }));

  test('a picture of another page is opened where it came along, and else it is told how', () =>
    visited(async (page) => {
      const dragged = ([type, text]) => {
        const transfer = new DataTransfer();
        transfer.setData(type, text);
        transfer.setData('text/uri-list', 'https://pictures.example/look');
        return transfer;
      };
      // The page writes its model into the hash when it has one, whenever that is.
      const address = () => page.url().replace(/#.*/, '');
      const before = address();
      await drop(page, dragged, ['text/html', '<a href="/look"><img alt="" src="https://pictures.example/lungs.jpg"></a>']);
      await notice(page, /^The picture lies on pictures\.example, and this page asks no other host for anything: save the picture there, and drop the file here\.$/);
      await screenshot(page, 'other-host');
      // A picture in the address itself, and one of this host.
      await drop(page, dragged, ['text/html', `<img src="data:image/png;base64,${read('one.png').toString('base64')}">`]);
      await shown(page, 'dropped.png');
      await drop(page, dragged, ['text/html', `<img src="${new URL('gallery/p1.png', session.server.url)}">`]);
      await shown(page, 'p1.png');
      // Text for the sentence is none of this: the browser puts it there.
      const text = await page.evaluateHandle(() => {
        const transfer = new DataTransfer();
        transfer.setData('text/plain', 'left lung');
        return transfer;
      });
      const taken = await page.evaluate((transfer) => {
        const event = new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true });
        return !document.querySelector('#prompt').dispatchEvent(event);
      }, text);
      assert.equal(taken, false);
      assert.equal(address(), before);
    }));

  test('a picture from the clipboard is opened, as a file and as a picture', () =>
    visited(async (page) => {
      await page.evaluate((base64) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], 'image.png', { type: 'image/png' }));
        transfer.setData('text/html', '<img src="https://pictures.example/lungs.jpg">');
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }));
      }, read('one.png').toString('base64'));
      await shown(page, 'image.png');
      await page.evaluate(() => {
        const transfer = new DataTransfer();
        transfer.setData('text/html', '<img src="https://pictures.example/lungs.jpg">');
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }));
      });
      await notice(page, /^The picture lies on pictures\.example/);
    }));

  test('a file that is gone, or a folder in the place of one, is told', () =>
    visited(async (page) => {
      await page.evaluate(() => {
        const gone = new File(['x'], 'gone.png');
        gone.arrayBuffer = () => Promise.reject(new DOMException('A requested file could not be found', 'NotFoundError'));
        const transfer = { types: ['Files'], items: [], files: [gone], getData: () => '' };
        const event = new Event('drop', { bubbles: true, cancelable: true });
        Object.defineProperty(event, 'dataTransfer', { value: transfer });
        document.querySelector('#stage').dispatchEvent(event);
      });
      await notice(page, /^gone\.png is a folder, or a file that cannot be read: drop the picture in it, or open it again\.$/);
    }));

  for (const [what, channels, model, limit] of [['grey', 1, BUNDLE, 800], ['colour', 3, 'polyp', 2400]]) {
    test(`a ${what} picture of 60 megapixels takes less than ${limit} MB, which are given back with the next one`, (t) =>
      visited(async (page) => {
        await loadModel(page, { model });
        const memory = async () => Number(/Memory ([\d.]+) MB/.exec(await timing(page))[1]);
        const own = await memory();
        await bring(page, 'large.png', largePng(8000, 7500, { channels }));
        await shown(page, 'large.png');
        await choose(page, 'model-select', model);
        await segmentNow(page, 'left lung');
        const grown = await memory();
        t.diagnostic(`${own} MB before, ${grown} MB with the picture`);
        assert.ok(grown < limit, `${grown} MB`);
        await bring(page, 'one.png', read('one.png'));
        await shown(page, 'one.png');
        await state(page, ['ready', 'idle']);
        await choose(page, 'model-select', model);
        await segmentNow(page, 'left lung');
        const left = await memory();
        t.diagnostic(`${left} MB with the next picture`);
        assert.ok(left < own + 16, `${left} MB of ${own}`);
      }));
  }

  test('an engine that ends for the next picture fails nobody who still asks it', () =>
    visited(async (page) => {
      await loadModel(page);
      await bring(page, 'large.png', largePng(6000, 5000));
      await shown(page, 'large.png');
      await choose(page, 'model-select', BUNDLE);
      await segmentNow(page, 'left lung');
      const [engine] = await workersNamed(page, 'mriseg-engine');
      // No answer is ready before the next picture is there.
      await engine.evaluate(() => (self.postMessage = () => {}));
      await page.getByTestId('see').click();
      await page.getByTestId('influence').click();
      await page.getByTestId('tab-learn').click();
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await bring(page, 'one.png', read('one.png'));
      await shown(page, 'one.png');
      await state(page, 'ready');
      assert.equal(await page.locator('#notice').textContent(), '');
    }));

  test('memory is given back where the next picture is for another model too', () =>
    visited(async (page) => {
      const colour = [200, 80, 60];
      await loadModel(page, { model: 'polyp' });
      await bring(page, 'large.png', largePng(4000, 3000, { colour }));
      await shown(page, 'large.png');
      await segmentNow(page, 'left lung');
      assert.match(await timing(page), /Memory ([3-9]\d\d|\d{4})/);
      await bring(page, 'one.png', read('one.png'));
      await shown(page, 'one.png');
      await state(page, 'idle');
      assert.equal(await page.getByTestId('badge').textContent(), 'No engine');
      while ((await workersNamed(page, 'mriseg-engine')).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      // The first model comes back with a picture for it.
      await bring(page, 'small.png', largePng(64, 64, { colour }));
      await shown(page, 'small.png');
      await segmentNow(page, 'left lung');
    }));

  test('a picture of 60 megapixels of 16 bits is opened, and the memory of its module is given back with the next one', () =>
    visited(async (page) => {
      const modules = async () => (await workersNamed(page, 'mriseg-imaging')).length;
      await bring(page, 'large.png', largePng(8000, 7500, { bits: 16 }));
      await shown(page, 'large.png');
      assert.equal(await modules(), 1);
      await bring(page, 'twelve-in-sixteen.png', read('twelve-in-sixteen.png'));
      await shown(page, 'twelve-in-sixteen.png');
      while ((await modules()) > 1) await new Promise((resolve) => setTimeout(resolve, 50));
      // A small one keeps its worker for the next.
      await bring(page, 'one.png', read('one.png'));
      await shown(page, 'one.png');
      assert.equal(await modules(), 1);
    }));

  test('a model of something else loads, decodes and speaks of no lungs', () =>
    visited(async (page) => {
      const parts = readdirSync(SKIN).map((name) => file(name, readFileSync(join(SKIN, name))));
      await page.getByTestId('file-input').setInputFiles(parts);
      await page.waitForFunction(() => /is ready/.test(document.querySelector('#notice').textContent));
      assert.equal(await page.getByTestId('prompt').inputValue(), 'two small dark spots in the centre.');
      await bring(page, 'patch.png', read('patch.png'));
      await shown(page, 'patch.png');
      assert.equal(await page.getByTestId('prompt').inputValue(), '');
      assert.deepEqual(await page.getByTestId('own-words').allTextContents(), ['two small dark spots in the centre.']);
      await page.getByTestId('own-words').first().click();
      await page.getByTestId('segment').click();
      assert.equal(await state(page, ['done', 'error']), 'done', await page.getByTestId('status').textContent());
      assert.equal(await page.getByTestId('reading-line').textContent(), '');
      await page.getByTestId('influence').click();
      await page.getByText('The model takes none of the sentences').waitFor();
      await screenshot(page, 'not-lungs');
      const words = await page.evaluate(() => document.querySelector('main').innerText);
      assert.doesNotMatch(words, /lung|chest|x-ray|pneumo|infect|polyp/i);
      // A sentence that this model refuses is told, and it goes on.
      await page.getByTestId('prompt').fill('left lung');
      await page.getByTestId('segment').click();
      await state(page, 'error');
      assert.match(await page.getByTestId('status').textContent(), /too long/);
      await segmentNow(page, 'one large irregular brown patch.');
    }));
});

describe('files, on WebGPU', { skip: missing }, () => {
  test('a model that refuses "left lung" is measured with its own example', async (t) => {
    const session = await open({ webgpu: true });
    t.after(() => session.close());
    const { page } = await visit(session, { query: '?engine=webgpu' });
    const parts = readdirSync(SKIN).map((name) => file(name, readFileSync(join(SKIN, name))));
    await page.getByTestId('file-input').setInputFiles(parts);
    await page.waitForFunction(() => /is ready/.test(document.querySelector('#notice').textContent));
    await settings(page, () => page.getByTestId('load-model').click());
    assert.equal(await state(page, ['ready', 'error'], 600_000), 'ready', await page.getByTestId('status').textContent());
    await page.waitForFunction(() => document.querySelector('[data-testid=badge]').dataset.engine === 'webgpu', null, { timeout: 300_000 });
  });
});

describe('files, in Firefox', { skip: missing || noFirefox }, () => {
  test('what is shown is turned by its orientation tag, whatever the format', async (t) => {
    const session = await openFirefox();
    t.after(() => session.close());
    const { page, nothingWrong } = await visitFirefox(session);
    for (const type of ['image/png', 'image/jpeg', 'image/webp']) {
      const [width, height] = [64, 32];
      const plain = Buffer.from(await page.evaluate(quarters, [type, width, height, LEVELS]), 'base64');
      for (const [orientation, places] of Object.entries(UPRIGHT)) {
        const name = `${orientation}.${type.slice(6)}`;
        const content = tagged(plain, Number(orientation), { littleEndian: true, width, height }).toString('base64');
        await page.evaluate(([name, base64]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
          document.querySelector('#stage').dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }, [name, content]);
        await page.waitForFunction((name) => document.querySelector('#stage').dataset.picture === name, {}, name);
        const found = await page.evaluate(greys, ['#picture', 4, 4]);
        const fields = [found[0], found[3], found[12], found[15]];
        fields.forEach((level, i) => assert.ok(Math.abs(level - LEVELS[places[i]]) < 8, `${name}: ${fields}`));
      }
    }
    nothingWrong();
  });
});
