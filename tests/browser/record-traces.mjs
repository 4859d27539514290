// Records the decodings that the page replays without a model: presses Record in Chromium and puts the files into
// www/public/traces. Build the page first (./scripts/build-web); run: node tests/browser/record-traces.mjs

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GALLERY, open, state, visit } from './page.mjs';

const FOLDER = resolve(dirname(fileURLToPath(import.meta.url)), '../../www/public/traces');
/** Pictures of the gallery, each with which of its sentences. */
const RECORDED = [
  { example: 'phantom-3', sentence: 0 },
  { example: 'phantom-1', sentence: 0 },
];

const gallery = JSON.parse(readFileSync(join(GALLERY, 'gallery.json'), 'utf8'));
const session = await open();
const { page } = await visit(session, { query: '#tab=learn' });
mkdirSync(FOLDER, { recursive: true });
const listing = [];
for (const { example, sentence } of RECORDED) {
  const item = gallery.find(({ id }) => id === example);
  const { text } = item.sentences[sentence];
  await page.locator(`[data-testid=gallery-item][data-id="${example}"]`).click();
  await page.getByTestId('prompt').fill(text);
  await page.getByTestId('segment').click();
  await state(page, 'done', 300_000);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('record').click()]);
  const file = `${example}.json`;
  const trace = readFileSync(await download.path(), 'utf8');
  writeFileSync(join(FOLDER, file), `${trace}\n`);
  listing.push({ file, example, image: item.image, sentence: text });
  console.log(`${file}: ${trace.length} bytes`);
}
writeFileSync(join(FOLDER, 'index.json'), `${JSON.stringify(listing, null, 2)}\n`);
await session.close();
