import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StudyInfo } from '../../src/imaging/messages.ts';
import { latest } from '../../src/view/latest.ts';
import { sideNote } from '../../src/view/letters.ts';
import { millimetres, pixelAt, valueText } from '../../src/view/readout.ts';
import { dragWindow, figure, fullRange, lookOf, ownWindow, presets } from '../../src/view/windowing.ts';

const CT: StudyInfo = {
  kind: 'dicom',
  width: 512,
  height: 256,
  frames: 1,
  bits: 12,
  colour: false,
  minimum: -1024,
  maximum: 3071,
  windows: [
    { name: 'BRAIN', centre: 40, width: 80 },
    { name: 'WIDE', centre: 300, width: 2000 },
  ],
  inverted: false,
  spacing: { row: 0.5, column: 0.25, from: 'Pixel Spacing' },
  modality: 'CT',
  orientation: null,
  transferSyntax: 'Explicit VR Little Endian',
  notes: [],
};
const PICTURE: StudyInfo = { ...CT, kind: 'picture', bits: 8, minimum: 20, maximum: 200, modality: null, windows: [{ name: 'Full range', centre: 127.5, width: 255 }] };

test('a drag to the right widens the window, one down raises its centre', () => {
  const window = { centre: 2048, width: 4096 };
  assert.deepEqual(dragWindow(window, 100, 0, 4000), { centre: 2048, width: 4596 });
  assert.deepEqual(dragWindow(window, 0, 10, 4000), { centre: 2098, width: 4096 });
  assert.deepEqual(dragWindow(window, -9999, -20, 4000), { centre: 1948, width: 1 });
});

test('values that are small fractions have windows that are fractions', () => {
  const { centre, width } = dragWindow({ centre: 0.5, width: 1 }, -800, 80, 1);
  assert.equal(centre, 0.6);
  assert.ok(width > 0 && width < 0.01, String(width));
});

test('the file\'s own windows come first, those of the chest only where values are Hounsfield units', () => {
  assert.deepEqual(presets(CT).map(({ id }) => id), ['file', 'file-2', 'full', 'auto', 'lung', 'mediastinum', 'bone']);
  assert.equal(presets(CT)[0]!.name, 'BRAIN');
  assert.deepEqual(presets({ ...CT, modality: 'DX' }).map(({ id }) => id), ['file', 'file-2', 'full', 'auto']);
  assert.deepEqual(presets(PICTURE).map(({ id }) => id), ['file', 'full', 'auto']);
  assert.equal(presets(PICTURE)[0]!.name, undefined);
});

test('a picture is shown as it is, not stretched to the values in it', () => {
  assert.deepEqual(ownWindow(PICTURE), { centre: 127.5, width: 255 });
  assert.deepEqual(fullRange(PICTURE), { centre: 110, width: 180 });
  assert.equal(lookOf(PICTURE, { centre: 127.5, width: 255 }, false), undefined);
  assert.deepEqual(lookOf(PICTURE, { centre: 127.5, width: 255 }, true), { window: { centre: 127.5, width: 255 }, invert: true });
  assert.equal(lookOf(CT, { centre: 40, width: 80 }, false), undefined);
});

test('the pixel, its value and its place are told in pixels, units and millimetres', () => {
  assert.deepEqual(pixelAt(CT, { x: 0.999, y: 0 }), { x: 511, y: 0 });
  assert.equal(pixelAt(CT, { x: 1, y: 0.5 }), undefined);
  assert.equal(pixelAt(CT, { x: -0.01, y: 0.5 }), undefined);
  assert.equal(valueText([-1000], 'CT'), '-1000 HU');
  assert.equal(valueText([812.25], 'DX'), '812.3');
  assert.equal(valueText([1, 2, 3], null), 'R 1 G 2 B 3');
  assert.equal(valueText([], null), '');
  assert.equal(millimetres({ x: 3, y: 1 }, { x: 0.25, y: 0.5 }), '0.9 × 0.8 mm');
  assert.equal(figure(0.12345), '0.123');
});

test('the note says whose side is on the left, where the file does', () => {
  const edges = { left: 'R', right: 'L', top: 'H', bottom: 'F' };
  assert.equal(sideNote(edges), 'patientRightOnLeft');
  assert.equal(sideNote({ ...edges, left: 'LA' }), 'patientLeftOnLeft');
  assert.equal(sideNote({ ...edges, left: 'A' }), undefined);
  assert.equal(sideNote(undefined), undefined);
});

test('of what is asked while something runs only the latest is done', async () => {
  const done: number[] = [];
  let finish = () => {};
  const ask = latest(async (value: number) => {
    done.push(value);
    await new Promise<void>((resolve) => (finish = resolve));
  });
  for (const value of [1, 2, 3]) ask(value);
  finish();
  await new Promise(setImmediate);
  finish();
  await new Promise(setImmediate);
  ask(4);
  assert.deepEqual(done, [1, 3, 4]);
});
