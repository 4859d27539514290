// The npm package: packed, installed and used by a page of ten lines.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUNDLE, DIST, GALLERY, loadModel, missing, open, segment, visit } from './page.mjs';
import { serve } from './server.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const WWW = join(ROOT, 'www');
const notBuilt = ['cpu', 'cpu-relaxed', 'webgpu'].find((engine) => !existsSync(join(WWW, `public/engine-${engine}/mriseg_web_bg.wasm`)));
const skip = missing || (notBuilt && `the ${notBuilt} engine is not built: run ./scripts/build-web`);

/** The policy that the package's README asks for. */
const POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; img-src 'self'";
const page = (script) => `<!doctype html>
<meta http-equiv="content-security-policy" content="${POLICY}">
<script type="module">${script}</script>`;

const TEN_LINES = `
  import { load } from './node_modules/mriseg/index.js';
  const model = await load('./bundle/', { engine: 'cpu' });
  const picture = await (await fetch('./p0.png')).blob();
  const run = model.segment(picture, 'left lung');
  const tokens = [];
  for await (const pass of run) tokens.push(...pass.tokens.map(({ token }) => token));
  const { mask, width, height } = await run.result;
  window.done = { tokens, mask: [...mask], width, height, file: model.file };`;

const MISTAKES = `
  import { load } from './node_modules/mriseg/index.js';
  const said = [];
  const hear = (promise) => promise.then(() => said.push('nothing'), (error) => said.push(error.message));
  await hear(load('./nowhere', { engine: 'cpu' }));
  await hear(load('./bundle', { engine: 'webgpu' }));
  await hear(load('./bundle', { engine: 'cpu', signal: AbortSignal.abort(new Error('aborted')) }));
  const model = await load('./bundle', { engine: 'cpu' });
  const picture = await (await fetch('./p0.png')).blob();
  await hear((async () => { for await (const pass of model.segment(picture, '')) said.push(pass); })());
  await hear(model.segment(new Uint8Array(3), 'left lung', { name: 'mine.png' }).result);
  const first = model.segment(picture, 'left lung', { decode: 'greedy' });
  for await (const pass of first) break;
  const { stopped } = await first.result;
  const { total } = await model.segment(picture, 'left lung').started;
  const { readAs } = await model.read('left lung');
  model.dispose();
  await hear(model.read('left lung'));
  window.done = { said, stopped, total, readAs, name: model.name, example: model.example };`;

describe('the npm package', { skip }, () => {
  let folder;
  let server;
  let session;
  before(async () => {
    execFileSync(join(ROOT, 'scripts/pack'), { stdio: ['ignore', 'ignore', 'inherit'] });
    const [tarball] = readdirSync(join(WWW, 'target')).filter((name) => /^mriseg-.*\.tgz$/.test(name));
    folder = mkdtempSync(join(tmpdir(), 'mriseg-package-'));
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const install = ['install', '--offline', '--no-audit', '--no-fund', '--silent', join(WWW, 'target', tarball)];
    execFileSync('npm', install, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    cpSync(join(DIST, `bundles/${BUNDLE}`), join(folder, 'bundle'), { recursive: true });
    cpSync(join(GALLERY, 'p0.png'), join(folder, 'p0.png'));
    writeFileSync(join(folder, 'ten-lines.html'), page(TEN_LINES));
    writeFileSync(join(folder, 'mistakes.html'), page(MISTAKES));
    server = await serve(folder);
    session = await open();
  });
  after(async () => {
    await session?.close();
    await server?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  /** What the page says that it has done. */
  async function run(name) {
    const tab = await (await session.browser.newContext()).newPage();
    const wrong = [];
    tab.on('pageerror', (error) => wrong.push(error.message));
    tab.on('console', (message) => message.type() === 'error' && !/404/.test(message.text()) && wrong.push(message.text()));
    await tab.goto(server.url + name);
    await tab.waitForFunction(() => window.done, null, { timeout: 30_000 }).catch((error) => assert.deepEqual(wrong, [], error.message));
    assert.deepEqual(wrong, []);
    return tab.evaluate(() => window.done);
  }

  test('ten lines decode the tokens and the mask of the page', async () => {
    const { page, context } = await visit(session);
    await loadModel(page);
    const { tokens, mask, width, height } = await segment(page, { image: 'p0.png', text: 'left lung' });
    await context.close();
    assert.deepEqual(await run('ten-lines.html'), { tokens, mask, width, height, file: 'cpu-relaxed' });
  });

  test('mistakes are told, a loop that is left stops the decoding, and the model goes on', async () => {
    const { said, stopped, total, readAs, name, example } = await run('mistakes.html');
    const [nowhere, webgpu, aborted, empty, picture, disposed] = said;
    assert.match(nowhere, /bundle\/manifest\.json could not be fetched: the server answered 404/);
    assert.match(webgpu, /WebGPU was asked for, but this browser has no WebGPU/);
    assert.equal(aborted, 'aborted');
    assert.match(empty, /sentence/);
    assert.match(picture, /mine\.png/);
    assert.match(disposed, /switched off/);
    assert.equal(said.length, 6);
    assert.equal(stopped, true);
    assert.ok(total > 0);
    assert.match(readAs, /left lung/);
    assert.ok(name && example);
  });

  test('it has what its manifest names, and nothing of the page', () => {
    const installed = join(folder, 'node_modules/mriseg');
    const { main, types, files } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    for (const file of [main, types, ...files]) assert.ok(existsSync(join(installed, file)), file);
    const code = readFileSync(join(installed, main), 'utf8');
    assert.doesNotMatch(code, /data-testid|getElementById/);
    assert.match(readFileSync(join(installed, types), 'utf8'), /export interface Token \{/);
  });
});
