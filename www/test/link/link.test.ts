import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeLink, encodeLink, type Link } from '../../src/link/link.ts';

const there = (link: Link) => decodeLink({ hash: encodeLink(link) });

test('a link says what was put into it', () => {
  const link: Link = { example: 'p0', sentence: 'left lung, not the right', model: 'phantom', seed: 7, step: 0, tab: 'how' };
  assert.deepEqual(there(link), link);
  assert.equal(encodeLink(link), '#example=p0&sentence=left+lung%2C+not+the+right&model=phantom&seed=7&step=0&tab=how');
});

test('any sentence survives, and none breaks out of its place', () => {
  for (const sentence of ['a & b = #c?d%20+', 'Läsion links, 左肺 🦴', '"><script>alert(1)</script>', '50 % of it']) {
    assert.deepEqual(there({ sentence, model: 'cxr' }), { sentence, model: 'cxr' });
  }
});

test('nothing to say is no fragment, and no fragment says nothing', () => {
  assert.equal(encodeLink({}), '');
  assert.deepEqual(decodeLink({}), {});
  assert.deepEqual(decodeLink({ hash: '#', search: '?' }), {});
});

test('the query is understood too, and the fragment goes first', () => {
  assert.deepEqual(decodeLink({ search: '?engine=cpu&model=cxr&seed=1', hash: '#model=phantom' }), { model: 'phantom', seed: 1 });
});

test('nonsense is left out, and what is beside it stays', () => {
  const nonsense = '#example=../../etc/passwd&model=&seed=-1&step=1e9&tab=a%20b&sentence=%00%01&other=1&sentence2=x';
  assert.deepEqual(decodeLink({ hash: nonsense }), {});
  assert.deepEqual(decodeLink({ hash: `${nonsense.replace('step=1e9', 'step=12')}` }), { step: 12 });
  for (const seed of ['', ' 1', '0x10', '1.5', 'NaN', '4294967296', '99999999999', 'Infinity']) {
    assert.deepEqual(decodeLink({ hash: `#seed=${encodeURIComponent(seed)}` }), {}, seed);
  }
  for (const hash of ['#%', '#%E0%A4%A', '#&&&===', '#=left', `#example=${'x'.repeat(101)}`]) {
    assert.deepEqual(decodeLink({ hash }), {}, hash);
  }
});

test('a sentence has no control characters and an end', () => {
  assert.deepEqual(decodeLink({ hash: '#sentence=left%0Alung%09' }), { sentence: 'left lung' });
  assert.deepEqual(there({ sentence: 'left \uD800 lung' }), { sentence: 'left   lung' });
  assert.deepEqual(there({ sentence: 'x'.repeat(2001) }), {});
});

test('what makes no sense is not written either', () => {
  assert.equal(encodeLink({ seed: NaN, step: -1, example: 'blob:http://x', tab: '' }), '');
});
