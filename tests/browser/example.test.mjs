// The example that shows the engine's interface, examples/minimal.html, as it is served with the page.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { loadModel, missing, open, screenshot, segment, visit } from './page.mjs';

describe('the smallest page', { skip: missing }, () => {
  let session;
  before(async () => {
    session = await open();
  });
  after(() => session?.close());

  test('it decodes the tokens and the mask that the page does', async () => {
    const { page, context, nothingWrong } = await visit(session);
    await loadModel(page);
    const { tokens, mask } = await segment(page, { image: 'p0.png', text: 'left lung' });
    nothingWrong();

    const example = await context.newPage();
    const wrong = [];
    example.on('pageerror', (error) => wrong.push(error.message));
    await example.goto(`${session.server.url}examples/minimal.html`);
    const log = example.locator('pre');
    await log.filter({ hasText: 'Done' }).waitFor();
    const text = await log.textContent();
    const decoded = [...text.matchAll(/\(\d+, \d+\) (\d+)/g)].map(([, token]) => Number(token));
    assert.deepEqual(decoded, tokens);
    const inside = mask.reduce((sum, value) => sum + value, 0);
    assert.match(text, new RegExp(`Done in \\d+ passes: ${inside} of ${mask.length} pixels`));
    assert.match(text, /Read as "findings: left lung"/);
    await screenshot(example, 'example');
    assert.deepEqual(wrong, []);
    await context.close();
  });
});
