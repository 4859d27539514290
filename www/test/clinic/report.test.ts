import assert from 'node:assert/strict';
import { test } from 'node:test';
import { area, shapeLine, sizeLine } from '../../src/clinic/figures.ts';
import { changedNothing } from '../../src/clinic/influence.ts';
import { pointsOf, stepAt } from '../../src/clinic/curve.ts';
import { reportHtml, type Report } from '../../src/clinic/report.ts';

const REPORT: Report = {
  language: 'en',
  title: 'Report',
  overlay: 'data:image/png;base64,AA==',
  picture: '<script>alert(1)</script>.png',
  findings: [
    {
      id: 2,
      colour: 'rgb(1 2 3)',
      prompt: 'a "quoted" <b>left</b> lung & more',
      reading: undefined,
      size: '5 %',
      shape: '',
      corrected: true,
      figures: [['Dice', '0.9']],
      checks: [{ agrees: false, about: 'Side', text: 'It lies right.' }],
    },
  ],
  model: [['Model', 'phantom']],
  notices: ['Not for diagnosis.', 'No patient data.'],
  words: { findings: 'Findings', corrected: 'corrected by hand', model: 'Model', agrees: 'fits', differs: 'does not fit' },
};

test('whatever was typed stands in the report as text', () => {
  const text = reportHtml(REPORT);
  assert.ok(!text.includes('<script') && !text.includes('<b>left'));
  assert.ok(text.includes('a &#34;quoted&#34; &#60;b&#62;left&#60;/b&#62; lung &#38; more'));
});

test('the report needs no other file and says what was corrected and what does not fit', () => {
  const text = reportHtml(REPORT);
  assert.doesNotMatch(text, /https?:|src="(?!data:)|href=/);
  assert.match(text, /5 % · corrected by hand/);
  assert.match(text, /does not fit: Side<\/b> It lies right\./);
  assert.match(text, /Not for diagnosis\.[^]*No patient data\./);
});

test('areas are told in mm² and from 1 cm² on in cm²', () => {
  assert.deepEqual([12.34, 99.9, 1234, 123456].map(area), ['12.3 mm²', '99.9 mm²', '12.3 cm²', '1235 cm²']);
});

test('a size is a share of the picture, with its area where there is a spacing', () => {
  const measures = { pixels: 10, share: 0.05, area: undefined, parts: 2, longest: 12.3 };
  assert.equal(sizeLine(measures), '5.0 %');
  assert.equal(sizeLine({ ...measures, area: 250 }), '5.0 % · 2.50 cm²');
  assert.equal(shapeLine(measures), '2 parts, longest diameter 12 pixels');
  assert.equal(shapeLine({ ...measures, area: 250, parts: 1 }), 'longest diameter 12.3 mm');
  assert.equal(sizeLine({ ...measures, pixels: 0, share: 0 }), 'empty');
});

test('a sentence changed nothing where the masks are the same and not empty', () => {
  assert.ok(changedNothing({ dice: 0.96, empty: false }));
  assert.ok(!changedNothing({ dice: 1, empty: true }));
  assert.ok(!changedNothing({ dice: 0.9, empty: false }));
});

test('the line of Dice goes from the left edge to the right, 1 at the top', () => {
  assert.equal(pointsOf([0, 0.5, 1], 100, 10), '0,10 50,5 100,0');
  assert.equal(pointsOf([0.25], 100, 10), '0,7.5');
  assert.deepEqual([stepAt(-1, 4), stepAt(0.5, 4), stepAt(2, 4)], [0, 2, 4]);
});
