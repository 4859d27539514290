// The page in Firefox: the same tokens, Stop, and a visit without a network.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask, gallery, loadModel, noFirefox, openFirefox, segment, state, statusText, stopAtFirstToken, visit } from './firefox.mjs';
import * as chromium from './page.mjs';

const PICTURES = 2;

/** Pictures, sentences and the tokens to expect: of the native program, else of Chromium. */
async function expected() {
  const native = chromium.nativeCases()?.filter(({ foreground }) => foreground > 0);
  const distinct = native?.filter(({ image }, i) => native.findIndex((other) => other.image === image) === i);
  if (distinct) return distinct.slice(0, PICTURES).map((one) => ({ ...one, folder: chromium.PICTURES }));
  const session = await chromium.open();
  try {
    const { page } = await chromium.visit(session);
    await chromium.loadModel(page);
    const cases = [];
    for (const { image, sentences } of gallery().slice(0, PICTURES)) {
      const one = { image, text: sentences[0].text };
      cases.push({ ...one, tokens: (await chromium.segment(page, one)).tokens });
    }
    return cases;
  } finally {
    await session.close();
  }
}

describe('Firefox', { skip: chromium.missing || noFirefox }, () => {
  let session;
  let cases;
  before(async () => {
    cases = await expected();
    session = await openFirefox();
  });
  after(() => session?.close());

  test('the CPU engine decodes the same tokens, and no request leaves the origin', async (t) => {
    t.diagnostic(await session.browser.version());
    const { page, nothingWrong } = await visit(session, '?engine=cpu');
    await loadModel(page);
    assert.equal(cases.length, PICTURES);
    for (const one of cases) assert.deepEqual((await segment(page, one)).tokens, one.tokens, one.image);
    nothingWrong();
    await page.close();
  });

  test('Stop keeps the partial mask, and the engine goes on', async () => {
    const { page, nothingWrong } = await visit(session, '?engine=cpu');
    await loadModel(page);
    await stopAtFirstToken(page);
    await ask(page, cases[0]);
    const reached = await state(page, ['stopped', 'done', 'error']);
    // A whole mask can be faster than the page draws its first frame.
    assert.ok(['stopped', 'done'].includes(reached), await statusText(page));
    if (reached === 'stopped') assert.match(await statusText(page), /pending/);
    assert.deepEqual((await segment(page, cases[0])).tokens, cases[0].tokens);
    nothingWrong();
    await page.close();
  });

  // The last one: it ends the server.
  test('from the second visit it works without a network', async () => {
    const first = await visit(session, '?engine=cpu');
    await loadModel(first.page);
    await first.page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready;
      if (active.state !== 'activated') {
        await new Promise((resolve) => active.addEventListener('statechange', resolve, { once: true }));
      }
      // The files of the model are written while the page goes on.
      const written = async () => (await (await caches.open('mriseg-files-1')).keys()).filter(({ url }) => !url.includes('incomplete'));
      while ((await written()).length < 7) await new Promise((resolve) => setTimeout(resolve, 50));
    });
    await first.page.close();
    await session.server.close();
    const { page } = await visit(session, '?engine=cpu');
    await loadModel(page);
    assert.deepEqual((await segment(page, { ...cases[1] })).tokens, cases[1].tokens);
    await page.close();
  });
});
