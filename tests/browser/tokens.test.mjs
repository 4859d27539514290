// The browser must decode exactly the tokens of the native program, on both engines and in both files of the CPU engine.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { BUNDLE, PICTURES, loadModel, missing, nativeCases, open, screenshot, segment, timing, visit, webgpuRuns } from './page.mjs';

const CPU_PICTURES = Number(process.env.MRISEG_CPU_PICTURES ?? 20);
const WEBGPU_PICTURES = Number(process.env.MRISEG_WEBGPU_PICTURES ?? 3);
const cases = nativeCases();
const skip = missing || (!cases && 'MRISEG_NATIVE_TOKENS names no file of native tokens');

/** Cases over as many different pictures as possible before any comes twice. */
function spread(cases, limit) {
  const seen = new Map();
  const rank = (one) => {
    const count = seen.get(one.image) ?? 0;
    seen.set(one.image, count + 1);
    return count;
  };
  return cases
    .map((one) => [rank(one), one])
    .sort(([a], [b]) => a - b)
    .slice(0, limit)
    .map(([, one]) => one);
}

/** As many cases: with something to draw, but for one without. */
function chosen(cases, limit) {
  const empty = spread(cases.filter((one) => one.foreground === 0), 1);
  const drawn = spread(cases.filter((one) => one.foreground > 0), limit - empty.length);
  return [...drawn, ...empty];
}

/** A browser that has no relaxed SIMD, as far as the page can tell. */
const withoutRelaxedSimd = () => (WebAssembly.validate = () => false);

function compare(name, { webgpu, query, pictures, timeout, badge, file, before: prepare }) {
  if (pictures === 0) return;
  describe(name, { skip }, () => {
    let session;
    let page;
    let guard;
    before(async () => {
      session = await open({ webgpu });
      const context = await session.browser.newContext({ viewport: { width: 1360, height: 1000 }, serviceWorkers: 'block' });
      if (prepare) await context.addInitScript(prepare);
      guard = await visit(session, { query, context });
      page = guard.page;
      await loadModel(page, { timeout });
      if (webgpu) await webgpuRuns(page, timeout);
    });
    after(() => session?.close());

    test('the badge names the engine, and no other is downloaded', async () => {
      assert.match(await page.getByTestId('badge').textContent(), badge);
      const downloaded = session.server.requests.filter((line) => /engine-.*\.wasm/.test(line));
      assert.ok(downloaded.some((line) => line.includes(`/${file}/`)), downloaded.join());
      if (!webgpu) assert.equal(downloaded.length, 1);
    });

    for (const native of skip ? [] : chosen(cases, pictures)) {
      test(`${native.image}: ${native.text}`, async (t) => {
        const last = await segment(page, { ...native, folder: PICTURES }, timeout);
        assert.deepEqual(last.tokens, native.tokens);
        assert.equal(last.probabilities.length, native.tokens.length);
        assert.ok(last.probabilities.every((p) => p > 0 && p <= 1));
        assert.equal(last.mask.length, last.width * last.height);
        if (native.mask_sha256) {
          const digest = createHash('sha256').update(Uint8Array.from(last.mask)).digest('hex');
          assert.equal(digest, native.mask_sha256);
        }
        const times = await timing(page);
        assert.doesNotMatch(times, /NaN|Infinity/);
        if (!webgpu) assert.ok(times.includes(`${file}/`), times);
        t.diagnostic(times);
      });
    }

    test('nothing went wrong on the way', async () => {
      await screenshot(page, `tokens-${BUNDLE}-${file}`);
      guard.nothingWrong();
    });
  });
}

const cpu = { webgpu: false, query: '', pictures: CPU_PICTURES, timeout: 120_000, badge: /^CPU engine: this browser has no WebGPU/ };
compare('CPU engine', { ...cpu, file: 'engine-cpu-relaxed' });
compare('CPU engine without relaxed SIMD', { ...cpu, file: 'engine-cpu', before: withoutRelaxedSimd });

// The adapter computes in software: seconds a token at the larger sizes.
compare('WebGPU engine on a software adapter', {
  webgpu: true,
  query: '?engine=webgpu',
  pictures: WEBGPU_PICTURES,
  timeout: 900_000,
  badge: /^WebGPU engine: chosen by you/,
  file: 'engine-webgpu',
});
