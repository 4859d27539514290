import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { FILE_WORDS } from '../../src/picture/refusal.ts';
import { currentLanguage, preferredLanguage, say, setLanguage } from '../../src/ui/words.ts';
import { CLINIC } from '../../src/ui/words/clinic.ts';
import { LEARN } from '../../src/ui/words/learn.ts';
import { LESSON } from '../../src/ui/words/lesson.ts';
import { PAGE } from '../../src/ui/words/page.ts';
import { VIEW } from '../../src/ui/words/view.ts';

const TABLES: Record<string, readonly (readonly [string, string])[]> = Object.fromEntries(
  Object.entries({ FILE_WORDS, PAGE, VIEW, CLINIC, LEARN, LESSON }).map(([name, table]) => [name, Object.values(table)]),
);
const KEYS = [FILE_WORDS, PAGE, VIEW, CLINIC, LEARN, LESSON].flatMap((table) => Object.keys(table));

test('both languages have every text, with the same places for values', () => {
  const places = (text: string) => [...text.matchAll(/\{\d\}/g)].map(([place]) => place).sort().join();
  for (const [name, texts] of Object.entries(TABLES)) {
    for (const [english, german] of texts) assert.equal(places(english), places(german), `${name}: ${english}`);
  }
});

test('no key stands in two tables', () => {
  assert.equal(new Set(KEYS).size, KEYS.length);
});

test('every key that index.html names is there, and every text is used', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const html = readFileSync('index.html', 'utf8');
  const code = sources.filter((file) => !file.startsWith('ui/words/')).map((file) => {
    const text = readFileSync(`src/${file}`, 'utf8');
    // A table of texts names every key.
    return file === 'picture/refusal.ts' ? text.split('} as const;')[1]! : text;
  });
  for (const [, key] of html.matchAll(/data-say(?:-label|-title)?="([^"]+)"/g)) assert.ok(KEYS.includes(key!), key);
  const everything = code.join('\n') + html;
  // A key is written out, or put together from its first part.
  const used = (key: string) => [`'${key}'`, `"${key}"`, `\`${key.split('.')[0]}.\${`].some((text) => everything.includes(text));
  const unused = KEYS.filter((key) => !used(key));
  assert.deepEqual(unused, []);
});

test('values are put into their places', () => {
  setLanguage('de');
  assert.equal(say('tokensOf', 3, 64), '3 / 64 Token');
  setLanguage('en');
  assert.equal(say('segmentDownload', '8.5 MB'), 'Segment · downloads 8.5 MB once');
  assert.equal(currentLanguage(), 'en');
});

test('the language is that of the browser until another is chosen', () => {
  assert.deepEqual(
    [preferredLanguage(null, 'de-AT'), preferredLanguage(null, 'fr'), preferredLanguage('en', 'de'), preferredLanguage('xx', 'de')],
    ['de', 'en', 'en', 'de'],
  );
});
