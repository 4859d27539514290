import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAboutLungs, loadBundle, suits, type Manifest } from '../../src/bundle/bundle.ts';
import { LoadError, groupLoads, loadFile } from '../../src/bundle/loader.ts';
import { openStore, pageCaches, type Bytes } from '../../src/bundle/store.ts';
import { FakeCaches } from './fake-caches.ts';
import { BASE, URL_OF_WEIGHTS, WEIGHTS, bundleFiles, entryOf, server, text } from './fake-server.ts';

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
  assert.ok(!loaded.cached && (await loaded.kept));
  assert.deepEqual(received, [1000, 1000, 1000, 1000, 1000]);
});

test('the second visit asks the network for nothing', async () => {
  const first = server({ 'weights-00.safetensors': WEIGHTS });
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  assert.ok(await (await loadFile(URL_OF_WEIGHTS, entry, first.options)).kept);
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
  assert.deepEqual(caches.urls(), []);
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
  assert.deepEqual(received, [1000, 1000, 1000, 1000, 1000, -5000]);
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
  await (await loadFile(URL_OF_WEIGHTS, entry, options)).kept;
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
  assert.ok(!(await loaded.kept));
  assert.deepEqual(caches.urls(), []);
  assert.ok((await loadFile(URL_OF_WEIGHTS, entry, options)).cached);
  assert.equal(asked.length, 1);
});

test('a cache that gives back something else is not trusted', async () => {
  const caches = new FakeCaches({ truncate: true });
  const { options } = server({ 'weights-00.safetensors': WEIGHTS }, caches);
  const loaded = await loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), options);
  assert.ok(!(await loaded.kept));
  assert.deepEqual(caches.urls(), []);
});

test('files written under the final name are complete, and the temporary name is gone', async () => {
  const { options, caches } = server({ 'weights-00.safetensors': WEIGHTS });
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  await (await loadFile(URL_OF_WEIGHTS, entry, options)).kept;
  assert.deepEqual(caches.urls(), [`${BASE}cached/${entry.sha256}`]);
  assert.deepEqual(caches.written[0], `${BASE}cached/incomplete/${entry.sha256}`);
});

test('clearing the cache makes the next load download again', async () => {
  const { options, asked } = server({ 'weights-00.safetensors': WEIGHTS });
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  await (await loadFile(URL_OF_WEIGHTS, entry, options)).kept;
  await options.store.clear();
  await loadFile(URL_OF_WEIGHTS, entry, options);
  assert.equal(asked.length, 2);
});

test('a browser without Cache Storage keeps files in memory', async () => {
  const { options, asked } = server({ 'weights-00.safetensors': WEIGHTS });
  options.store = openStore(undefined, BASE);
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  assert.ok(!(await (await loadFile(URL_OF_WEIGHTS, entry, options)).kept));
  assert.ok((await loadFile(URL_OF_WEIGHTS, entry, options)).cached);
  assert.equal(asked.length, 1);
});

test('a bundle brings every file that its manifest lists', async () => {
  const { options } = server(bundleFiles());
  const bundle = await loadBundle(BASE, 'phantom', options);
  assert.deepEqual([...bundle.files.keys()], ['weights-00.safetensors', 'tokenizer.json', 'card.md']);
  assert.ok(!bundle.cached && (await bundle.kept));
  assert.equal(bundle.listed, undefined);
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
  files['bundles/phantom/manifest.json'] = new Uint8Array(new TextEncoder().encode('{"name": '));
  const error = await refusal(loadBundle(BASE, 'phantom', server(files).options));
  assert.match(error.message, /phantom\/manifest\.json is not a model manifest/);
});

test('a web page in place of a missing file is told as what it is', async () => {
  const page = new TextEncoder().encode('<!doctype html><title>mriseg</title>');
  const files: Record<string, Bytes> = { ...bundleFiles(), 'bundles/phantom/weights-00.safetensors': new Uint8Array(page) };
  const shard = await refusal(loadBundle(BASE, 'phantom', server(files).options));
  assert.match(shard.message, /^weights-00\.safetensors is missing: the server answered with a web page/);
  files['bundles/phantom/manifest.json'] = new Uint8Array(page);
  const manifest = await refusal(loadBundle(BASE, 'phantom', server(files).options));
  assert.match(manifest.message, /^phantom\/manifest\.json is missing: the server answered with a web page/);
  assert.match(manifest.remedy, /every address/);
});

test('a server that calls every file HTML is not taken for one that lacks it', async () => {
  const { options } = server({ 'weights-00.safetensors': WEIGHTS });
  const plain = options.fetch;
  options.fetch = async (url) => new Response((await plain(url)).body, { headers: { 'content-type': 'text/html' } });
  assert.deepEqual((await loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), options)).bytes, WEIGHTS);
});

test('a cache entry that cannot be read, or is cut off, is downloaded again', async () => {
  const { options, caches, asked } = server({ 'weights-00.safetensors': WEIGHTS });
  const entry = entryOf('weights-00.safetensors', WEIGHTS);
  await (await loadFile(URL_OF_WEIGHTS, entry, options)).kept;
  caches.faults = { unreadable: true };
  const again = await loadFile(URL_OF_WEIGHTS, entry, options);
  assert.deepEqual(again.bytes, WEIGHTS);
  assert.ok(!again.cached && !(await again.kept));
  // That visit goes on from memory, the next one has a new store.
  caches.faults = {};
  const next = server({ 'weights-00.safetensors': WEIGHTS }, caches);
  caches.overwrite(`${BASE}cached/${entry.sha256}`, WEIGHTS.slice(0, 4000));
  const third = await loadFile(URL_OF_WEIGHTS, entry, next.options);
  assert.deepEqual(third.bytes, WEIGHTS);
  assert.ok(!third.cached && (await third.kept));
  assert.equal(asked.length + next.asked.length, 3);
});

test('what a broken download had counted is taken back', async () => {
  const { options, received } = server({ 'weights-00.safetensors': WEIGHTS.slice(0, 4200) });
  await refusal(loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), options));
  assert.equal(received.reduce((sum, count) => sum + count, 0), 0);
});

test('a connection that dies on the way is told with how far it came', async () => {
  const { options } = server({});
  options.fetch = async () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          if (WEIGHTS.length > 0 && !controller.desiredSize) return;
          controller.enqueue(WEIGHTS.slice(0, 1500));
          options.onBytes = () => controller.error(new TypeError('network error'));
        },
      }),
    );
  const error = await refusal(loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), options));
  assert.match(error.message, /^weights-00\.safetensors broke off after 1500 of 5000 bytes/);
});

test('one file that fails ends the others, which count nothing more', async () => {
  const files = bundleFiles();
  const missing = 'bundles/phantom/tokenizer.json';
  delete files[missing];
  const { options, received } = server(files);
  const plain = options.fetch;
  const ended: string[] = [];
  options.fetch = (url, init) => {
    init?.signal?.addEventListener('abort', () => ended.push(url));
    return url.endsWith('tokenizer.json') || url.endsWith('manifest.json') ? plain(url) : new Promise(() => {});
  };
  const error = await refusal(loadBundle(BASE, 'phantom', options));
  assert.match(error.message, /^tokenizer\.json.*answered 404/);
  assert.ok(ended.some((url) => url.endsWith('weights-00.safetensors')));
  assert.deepEqual(received, [files['bundles/phantom/manifest.json']!.length]);
});

test('the listed manifest is kept too: the second visit loads a bundle without any request', async () => {
  const files = bundleFiles();
  const first = server(files);
  const listed = entryOf('manifest.json', files['bundles/phantom/manifest.json']!);
  const bundle = await loadBundle(BASE, 'phantom', first.options, listed);
  assert.ok(bundle.listed && (await bundle.kept));
  const offline = server({}, first.caches);
  const again = await loadBundle(BASE, 'phantom', offline.options, listed);
  assert.ok(again.cached && again.listed);
  assert.deepEqual(offline.asked, []);
  const counted = (received: number[]) => received.reduce((sum, count) => sum + count, 0);
  assert.equal(counted(offline.received), counted(first.received));
});

test('a manifest that is not the listed one is loaded from the server and told', async () => {
  const other = entryOf('manifest.json', text('of another version'));
  const bundle = await loadBundle(BASE, 'phantom', server(bundleFiles()).options, other);
  assert.equal(bundle.listed, false);
});

test('a manifest that disagrees with its files names the file', async () => {
  const error = async (change: Partial<ReturnType<typeof entryOf>>) => {
    const files = bundleFiles((manifest) => (manifest['shards'] = [{ ...entryOf('weights-00.safetensors', WEIGHTS), ...change }]));
    return (await refusal(loadBundle(BASE, 'phantom', server(files).options))).message;
  };
  assert.match(await error({ bytes: 4999 }), /^weights-00\.safetensors is longer than the 4999 bytes/);
  assert.match(await error({ bytes: 5001 }), /^weights-00\.safetensors broke off after 5000 of 5001 bytes/);
  assert.match(await error({ sha256: '0'.repeat(64) }), /^weights-00\.safetensors is damaged/);
  assert.match(await error({ bytes: 0.5 }), /not a model manifest/);
});

test('files are written once the group is released, and are there before', async () => {
  const { options, caches } = server({ 'weights-00.safetensors': WEIGHTS });
  const group = groupLoads(options);
  const loaded = await loadFile(URL_OF_WEIGHTS, entryOf('weights-00.safetensors', WEIGHTS), group);
  assert.deepEqual(loaded.bytes, WEIGHTS);
  assert.deepEqual(caches.written, []);
  group.release();
  assert.ok(await loaded.kept);
});

test('clearing removes the page as it is kept offline, and no page that lies elsewhere', async () => {
  const caches = new FakeCaches();
  for (const base of [BASE, 'http://page.test/other/']) await caches.open(`${pageCaches(base)}1`);
  await openStore(caches as unknown as CacheStorage, BASE).clear();
  assert.deepEqual(await caches.keys(), ['mriseg-page http://page.test/other/ 1']);
});

test('what a model suits is known from its manifest', () => {
  const mask = { size: 224, patch: 16 };
  const manifest = (channels: number, data: string) =>
    ({ data, architecture: { image: { input_channels: channels }, mask } }) as unknown as Manifest;
  assert.equal(suits('polyp', manifest(3, 'polyp train')), 'colour');
  assert.equal(suits('phantom', {} as Manifest), 'drawing');
  assert.equal(suits('skin', { ...manifest(1, 'skin train (4 cases)'), domain: 'other' }), undefined);
  assert.equal(suits('mine', manifest(1, 'phantoms train (9085 cases)')), 'drawing');
  assert.equal(suits('cxr', manifest(1, 'qata-cov19 + cxr-lungs train')), 'xray');
});
