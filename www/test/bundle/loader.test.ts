import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { isAboutLungs, loadBundle, type Manifest } from '../../src/bundle/bundle.ts';
import { LoadError, loadFile, type FileEntry, type LoaderOptions } from '../../src/bundle/loader.ts';
import { openStore, type Bytes } from '../../src/bundle/store.ts';
import { FakeCaches } from './fake-caches.ts';

const BASE = 'http://page.test/demo/';
const WEIGHTS: Bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);

function entryOf(file: string, bytes: Bytes): FileEntry {
  return { file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** A server that answers with `files` in chunks of 1000 bytes, and what it was asked for. */
function server(files: Record<string, Bytes>, caches = new FakeCaches()) {
  const asked: string[] = [];
  const received: number[] = [];
  const options: LoaderOptions = {
    store: openStore(caches as unknown as CacheStorage, BASE),
    onBytes: (count) => received.push(count),
    fetch: async (url) => {
      asked.push(url);
      const bytes = files[url.slice(BASE.length)];
      if (!bytes) return new Response('no', { status: 404 });
      return new Response(
        new ReadableStream({
          start(controller) {
            for (let at = 0; at < bytes.length; at += 1000) controller.enqueue(bytes.slice(at, at + 1000));
            controller.close();
          },
        }),
      );
    },
  };
  return { options, asked, received, caches };
}

const URL_OF_WEIGHTS = `${BASE}weights-00.safetensors`;

async function refusal(promise: Promise<unknown>): Promise<LoadError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof LoadError);
  return error;
}

test('a download counts its bytes as they arrive', async () => {
  const { options, received } = server({ 'weights-00.safetensors': WEIGHTS });
  const loaded = await loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), options);
  assert.deepEqual(loaded.bytes, WEIGHTS);
  assert.ok(!loaded.cached && loaded.kept);
  assert.deepEqual(received, [1000, 1000, 1000, 1000, 1000]);
});

test('the second visit asks the network for nothing', async () => {
  const first = server({ 'weights-00.safetensors': WEIGHTS });
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  await loadFile(URL_OF_WEIGHTS, entry, first.options);
  const second = server({}, first.caches);
  const loaded = await loadFile(URL_OF_WEIGHTS, entry, second.options);
  assert.ok(loaded.cached);
  assert.deepEqual(loaded.bytes, WEIGHTS);
  assert.deepEqual(second.asked, []);
});

test('a flipped bit is refused by the name of the shard and is not kept', async () => {
  const flipped = WEIGHTS.slice();
  flipped[1234]! ^= 1;
  const { options, caches } = server({ 'weights-00.safetensors': flipped });
  const error = await refusal(loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), options));
  assert.match(error.message, /^weights-00\.safetensors is damaged: its SHA-256/);
  assert.deepEqual(caches.keys(), []);
});

test('a truncated download says how far it came', async () => {
  const { options } = server({ 'weights-00.safetensors': WEIGHTS.slice(0, 4200) });
  const error = await refusal(loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), options));
  assert.match(error.message, /broke off after 4200 of 5000 bytes/);
});

test('a file that is too long is refused without reading on', async () => {
  const { options, received } = server({ 'weights-00.safetensors': new Uint8Array(90_000) });
  const error = await refusal(loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), options));
  assert.match(error.message, /longer than the 5000 bytes/);
  assert.equal(received.length, 5);
});

test('a missing file and a dead connection each name the file', async () => {
  const { options } = server({});
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  assert.match((await refusal(loadFile(URL_OF_WEIGHTS, entry, options))).message, /weights-00.*answered 404/);
  options.fetch = () => Promise.reject(new TypeError('Failed to fetch'));
  assert.match((await refusal(loadFile(URL_OF_WEIGHTS, entry, options))).message, /weights-00.*could not be fetched/);
});

test('a damaged cache entry is thrown away and downloaded again', async () => {
  const { options, caches, asked } = server({ 'weights-00.safetensors': WEIGHTS });
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  await loadFile(URL_OF_WEIGHTS, entry, options);
  caches.overwrite(`${BASE}cached/${entry.sha256}`, new Uint8Array(5000));
  const loaded = await loadFile(URL_OF_WEIGHTS, entry, options);
  assert.deepEqual(loaded.bytes, WEIGHTS);
  assert.equal(asked.length, 2);
});

test('a full disk leaves nothing behind and the visit goes on from memory', async () => {
  const caches = new FakeCaches({ quota: 4000 });
  const { options, asked } = server({ 'weights-00.safetensors': WEIGHTS }, caches);
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  const loaded = await loadFile(URL_OF_WEIGHTS, entry, options);
  assert.ok(!loaded.kept);
  assert.deepEqual(caches.keys(), []);
  assert.ok((await loadFile(URL_OF_WEIGHTS, entry, options)).cached);
  assert.equal(asked.length, 1);
});

test('a cache that gives back something else is not trusted', async () => {
  const caches = new FakeCaches({ truncate: true });
  const { options } = server({ 'weights-00.safetensors': WEIGHTS }, caches);
  const loaded = await loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), options);
  assert.ok(!loaded.kept);
  assert.deepEqual(caches.keys(), []);
});

test('files written under the final name are complete, and the temporary name is gone', async () => {
  const { options, caches } = server({ 'weights-00.safetensors': WEIGHTS });
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  await loadFile(URL_OF_WEIGHTS, entry, options);
  assert.deepEqual(caches.keys(), [`${BASE}cached/${entry.sha256}`]);
  assert.deepEqual(caches.written[0], `${BASE}cached/incomplete/${entry.sha256}`);
});

test('clearing the cache makes the next load download again', async () => {
  const { options, asked } = server({ 'weights-00.safetensors': WEIGHTS });
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  await loadFile(URL_OF_WEIGHTS, entry, options);
  await options.store.clear();
  await loadFile(URL_OF_WEIGHTS, entry, options);
  assert.equal(asked.length, 2);
});

test('a browser without Cache Storage keeps files in memory', async () => {
  const { options, asked } = server({ 'weights-00.safetensors': WEIGHTS });
  options.store = openStore(undefined, BASE);
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  assert.ok(!(await loadFile(URL_OF_WEIGHTS, entry, options)).kept);
  assert.ok((await loadFile(URL_OF_WEIGHTS, entry, options)).cached);
  assert.equal(asked.length, 1);
});

const text = (value: unknown): Bytes => new Uint8Array(new TextEncoder().encode(JSON.stringify(value)));

function bundleFiles(change: (manifest: Record<string, unknown>) => void = () => {}): Record<string, Bytes> {
  const tokenizer = text('tokenizer');
  const card = text('card');
  const manifest = {
    name: 'phantom',
    side_convention: 'viewer',
    example: 'left lung',
    shards: [entryOf('weights-00.safetensors', WEIGHTS)],
    tokenizer: entryOf('tokenizer.json', tokenizer),
    card: entryOf('card.md', card),
  };
  change(manifest);
  const folder = 'bundles/phantom/';
  return {
    [`${folder}manifest.json`]: text(manifest),
    [`${folder}weights-00.safetensors`]: WEIGHTS,
    [`${folder}tokenizer.json`]: tokenizer,
    [`${folder}card.md`]: card,
  };
}

test('a bundle brings every file that its manifest lists', async () => {
  const { options } = server(bundleFiles());
  const bundle = await loadBundle(BASE, 'phantom', options);
  assert.deepEqual([...bundle.files.keys()], ['weights-00.safetensors', 'tokenizer.json', 'card.md']);
  assert.ok(!bundle.cached && bundle.kept);
  assert.ok((await loadBundle(BASE, 'phantom', options)).cached);
});

test('a bundle is about lungs unless it says otherwise', () => {
  assert.ok(isAboutLungs({} as Manifest));
  assert.ok(isAboutLungs({ domain: 'chest_xray' } as Manifest));
  assert.ok(!isAboutLungs({ domain: 'other' } as Manifest));
});

test('a manifest that reaches outside its folder is refused', async () => {
  const { options, asked } = server(
    bundleFiles((manifest) => (manifest['card'] = { file: '../../index.html', bytes: 1, sha256: '0'.repeat(64) })),
  );
  const error = await refusal(loadBundle(BASE, 'phantom', options));
  assert.match(error.message, /not a model manifest/);
  assert.equal(asked.length, 1);
});

test('a manifest that is no JSON is refused', async () => {
  const files = bundleFiles();
  files['bundles/phantom/manifest.json'] = new Uint8Array(new TextEncoder().encode('<html>'));
  const error = await refusal(loadBundle(BASE, 'phantom', server(files).options));
  assert.match(error.message, /phantom\/manifest\.json is not a model manifest/);
});
