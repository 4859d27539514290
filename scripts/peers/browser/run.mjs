// Times decoding in one Chromium: our engines and ONNX Runtime Web, turn by turn, and prints a JSON line per mask.
//
//   node scripts/peers/browser/run.mjs MODEL RUNNER,… ROUNDS CASES
//
// MODEL is a folder of `trainer bench --save`, with onnx/ inside and medsam/ beside it; runners are named below.

import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, '../../..');
const RUNNERS = {
  'ours-cpu-greedy': { script: 'ours.js', kind: 'cpu', decode: 'greedy' },
  'ours-cpu-speculative': { script: 'ours.js', kind: 'cpu', decode: 'speculative' },
  'ours-webgpu-greedy': { script: 'ours.js', kind: 'webgpu', decode: 'greedy' },
  'ours-webgpu-speculative': { script: 'ours.js', kind: 'webgpu', decode: 'speculative' },
  'ort-wasm': { script: 'ort.js', kind: 'wasm' },
  'ort-webgpu': { script: 'ort.js', kind: 'webgpu' },
  'medsam-wasm': { script: 'medsam.js', kind: 'wasm' },
  'medsam-webgpu': { script: 'medsam.js', kind: 'webgpu' },
};
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

const [model, names, rounds, limit] = process.argv.slice(2);
if (!limit) {
  console.error('usage: node run.mjs MODEL RUNNER,… ROUNDS CASES');
  process.exit(2);
}
const FOLDERS = {
  bench: HERE,
  ort: join(HERE, 'node_modules/onnxruntime-web/dist'),
  model: resolve(model),
  medsam: resolve(model, '../medsam'),
  gallery: join(ROOT, 'www/public/gallery'),
  'engine-cpu': join(ROOT, 'www/public/engine-cpu'),
  'engine-webgpu': join(ROOT, 'www/public/engine-webgpu'),
};

const server = createServer((request, response) => {
  const [, folder, ...rest] = normalize(new URL(request.url, 'http://localhost').pathname).split('/');
  const file = FOLDERS[folder] && join(FOLDERS[folder], ...rest);
  const found = file && statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
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

const runners = names.split(',').map((name) => ({ name, ...RUNNERS[name] }));
const cases = JSON.parse(readFileSync(join(FOLDERS.model, 'cases.json'), 'utf8')).slice(0, Number(limit));
const ask = (runner, call, argument) =>
  page.evaluate(([runner, call, argument]) => window.ask(runner, call, argument), [runner, call, argument]);
for (const runner of runners) {
  await ask(runner, 'load', { model: '/model', kind: runner.kind });
  await ask(runner, 'run', { ...cases[0], decode: runner.decode });
}
for (let round = 0; round < Number(rounds); round++) {
  for (const [index, one] of cases.entries()) {
    for (const runner of runners) {
      const { tokens, ...times } = await ask(runner, 'run', { ...one, decode: runner.decode });
      const wrong = tokens.filter((token, i) => token !== one.tokens[i]).length;
      console.log(JSON.stringify({ runner: runner.name, round, case: index, tokens: tokens.length, wrong, ...times }));
    }
  }
}
await browser.close();
server.close();
