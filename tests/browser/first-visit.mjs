// A first visit: seconds from the click on Segment to the first token, by bundle and engine, in a fresh browser each.
//
//   node first-visit.mjs

import { choose, open, visit } from './page.mjs';

const MOST_MS = 300_000;

for (const bundle of ['phantom', 'cxr']) {
  for (const engine of ['cpu', 'webgpu']) {
    const session = await open({ webgpu: engine === 'webgpu' });
    const { page } = await visit(session, { query: `?engine=${engine}` });
    await choose(page, 'model-select', bundle);
    await page.getByTestId('prompt').fill('left lung');
    const begin = performance.now();
    await page.getByTestId('segment').click();
    await page.waitForFunction(
      () => Number.parseInt(document.querySelector('[data-testid=token-count]').textContent, 10) > 0,
      null,
      { timeout: MOST_MS },
    );
    console.log(`${bundle}, ${engine}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    await session.close();
  }
}
