// Times masks in one Chromium: our engines, ONNX Runtime Web and box-prompted models, turn by turn, and prints a JSON line
// per mask.
//
//   node scripts/peers/browser/run.mjs MODEL GALLERY RUNNER,… ROUNDS CASES
//   node scripts/peers/browser/run.mjs --adapter    only prints the GPU that WebGPU finds
//
// MODEL is a folder of `trainer bench --save` of the pictures in GALLERY, with onnx/ inside and sam/ beside it; runners are
// named below. The page is cross-origin isolated, which threads in WebAssembly need.

import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import { dirname, extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, '../../..');
const PUBLIC = join(ROOT, 'www/public');
const ENGINES = readdirSync(PUBLIC).flatMap((name) => /^engine-(.*)/.exec(name)?.[1] ?? []);
const RUNNERS = {
  ...Object.fromEntries(
    ENGINES.flatMap((kind) =>
      ['greedy', 'speculative'].map((decode) => [`ours-${kind}-${decode}`, { script: 'ours.js', kind, decode }]),
    ),
  ),
  'ort-wasm': { script: 'ort.js', kind: 'wasm' },
  'ort-wasm-threads': { script: 'ort.js', kind: 'wasm', threads: availableParallelism() },
  'ort-wasm-concat': { script: 'ort.js', kind: 'wasm', concat: true },
  'ort-wasm-concat-threads': { script: 'ort.js', kind: 'wasm', concat: true, threads: availableParallelism() },
  'ort-webgpu': { script: 'ort.js', kind: 'webgpu' },
  'ort-webgpu-concat': { script: 'ort.js', kind: 'webgpu', concat: true },
  'litemedsam-wasm': { script: 'sam.js', kind: 'wasm', network: 'litemedsam' },
  'litemedsam-wasm-threads': { script: 'sam.js', kind: 'wasm', network: 'litemedsam', threads: availableParallelism() },
  'litemedsam-webgpu': { script: 'sam.js', kind: 'webgpu', network: 'litemedsam' },
  'mobilesam-wasm': { script: 'sam.js', kind: 'wasm', network: 'mobilesam' },
  'mobilesam-wasm-threads': { script: 'sam.js', kind: 'wasm', network: 'mobilesam', threads: availableParallelism() },
  'mobilesam-webgpu': { script: 'sam.js', kind: 'webgpu', network: 'mobilesam' },
};
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

const onlyAdapter = process.argv[2] === '--adapter';
const [model = '.', gallery = '.', names = '', rounds, limit] = onlyAdapter ? [] : process.argv.slice(2);
const runners = names.split(',').filter(Boolean).map((name) => ({ name, ...RUNNERS[name] }));
if (!onlyAdapter && (!limit || runners.some(({ script }) => !script))) {
  console.error('usage: node run.mjs MODEL GALLERY RUNNER,… ROUNDS CASES');
  console.error(`runners: ${Object.keys(RUNNERS).join(', ')}`);
  process.exit(2);
}
const FOLDERS = {
  bench: HERE,
  ort: join(HERE, 'node_modules/onnxruntime-web/dist'),
  model: resolve(model),
  sam: resolve(model, '../sam'),
  gallery: resolve(gallery),
  ...Object.fromEntries(ENGINES.map((kind) => [`engine-${kind}`, join(PUBLIC, `engine-${kind}`)])),
};

const server = createServer((request, response) => {
  const [, folder, ...rest] = normalize(new URL(request.url, 'http://localhost').pathname).split('/');
  const file = FOLDERS[folder] && join(FOLDERS[folder], ...rest);
  const found = file && statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) return response.writeHead(404).end();
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  createReadStream(file).pipe(response);
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking', '--enable-unsafe-webgpu'],
});
const page = await browser.newPage();
page.on('pageerror', (error) => console.error(error.message));
await page.goto(`http://127.0.0.1:${server.address().port}/bench/index.html`);

const known = onlyAdapter ? [] : JSON.parse(readFileSync(join(model, 'cases.json'), 'utf8'));
const cases = known.slice(0, Number(limit));
const ask = (runner, call, argument) =>
  page.evaluate(([runner, call, argument]) => window.ask(runner, call, argument), [runner, call, argument]);
const adapter = await page.evaluate(async () => {
  const info = (await navigator.gpu?.requestAdapter())?.info;
  return info ? [info.vendor, info.architecture, info.description].filter(Boolean).join(' ') : 'none';
});
if (onlyAdapter) console.log(adapter);
// One runner at a time has workers, so that none waits for a core that another spins on.
for (const runner of runners) {
  const { script: _, decode, name, ...options } = runner;
  await ask(runner, 'load', { model: '/model', ...options });
  const run = (one, asked) => ask(runner, 'run', { ...one, tokens: asked, cells: one.tokens.length, decode });
  // It warms up on another picture than it begins with: our engines remember what they have read of the last one. Shaders
  // are compiled within a few tokens; WebAssembly is compiled while it runs.
  const last = known.at(-1);
  await run(last, runner.kind === 'webgpu' ? last.tokens.slice(0, 4) : last.tokens);
  for (let round = 0; round < Number(rounds); round++) {
    for (const [index, one] of cases.entries()) {
      const { tokens, ...times } = await run(one, one.tokens);
      const wrong = tokens.filter((token, i) => token !== one.tokens[i]).length;
      const line = { runner: name, case: index, tokens: tokens.length, wrong, ...times };
      console.log(JSON.stringify(runner.kind === 'webgpu' ? { ...line, adapter } : line));
    }
  }
  await page.evaluate((runner) => window.end(runner), runner);
}
await browser.close();
server.close();
