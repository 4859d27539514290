import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { cacheName, fill, isComplete, match, pathOf, removeOthers, type Kept } from '../../src/offline/kept.ts';

const SCOPE = 'http://page.test/demo/';
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** A build with these files. */
const build = (version: string, files: Record<string, string>): Kept => ({
  version,
  files: Object.fromEntries(Object.entries(files).map(([path, text]) => [path, hash(text)])),
});

/** Cache Storage in memory, as far as it is used here. */
class Caches {
  readonly all = new Map<string, Map<string, Response>>();
  /** Entries after which writing fails. */
  room = Infinity;

  async keys() {
    return [...this.all.keys()];
  }
  async open(name: string) {
    const entries = this.all.get(name) ?? new Map<string, Response>();
    this.all.set(name, entries);
    return {
      put: async (address: string, response: Response) => {
        if (entries.size >= this.room) throw new DOMException('full', 'QuotaExceededError');
        entries.set(address, response);
      },
    };
  }
  async match(address: string, { cacheName }: { cacheName: string }) {
    return this.all.get(cacheName)?.get(address)?.clone();
  }
  async delete(name: string) {
    return this.all.delete(name);
  }
}

function setUp(files: Record<string, string>, headers: Record<string, string> = {}) {
  const caches = new Caches();
  const asked: string[] = [];
  const fetch = (async (url: string) => {
    const path = url.slice(SCOPE.length);
    asked.push(path);
    const text = files[decodeURIComponent(path)];
    return text === undefined ? new Response('no', { status: 404 }) : new Response(text, { headers });
  }) as typeof globalThis.fetch;
  return { asked, fetch, memory: caches, caches: caches as unknown as CacheStorage };
}

const OLD = { 'index.html': 'old', 'assets/a.js': 'a', 'gallery/a picture.png': 'p' };
const NEW = { 'index.html': 'new', 'assets/b.js': 'b', 'gallery/a picture.png': 'p' };

test('the start page answers for the folder, with any query', () => {
  const kept = build('1', OLD);
  for (const address of ['', '?engine=cpu', '#model=cxr', 'index.html', 'index.html?x=1']) {
    assert.equal(pathOf(SCOPE + address, SCOPE, kept), 'index.html', address);
  }
  assert.equal(pathOf(`${SCOPE}gallery/a%20picture.png`, SCOPE, kept), 'gallery/a picture.png');
});

test('what is not listed, lies elsewhere or is nonsense goes to the network', () => {
  const kept = build('1', OLD);
  for (const url of [
    `${SCOPE}bundles/phantom/manifest.json`,
    `${SCOPE}assets/`,
    `${SCOPE}%E0%A4%A`,
    `${SCOPE}toString`,
    'http://page.test/assets/a.js',
    'http://other.test/demo/assets/a.js',
  ]) {
    assert.equal(pathOf(url, SCOPE, kept), undefined, url);
  }
});

test('a build is kept whole, and found again without headers of the transfer', async () => {
  const { caches, fetch } = setUp(OLD, { 'content-encoding': 'gzip', 'content-length': '99', 'content-type': 'text/x' });
  const kept = build('1', OLD);
  assert.ok(!(await isComplete(caches, SCOPE, kept)));
  await fill(caches, SCOPE, kept, fetch);
  assert.ok(await isComplete(caches, SCOPE, kept));
  const response = await match(caches, SCOPE, kept, 'gallery/a picture.png');
  assert.equal(await response?.text(), 'p');
  assert.deepEqual([...response!.headers], [['content-type', 'text/x']]);
});

test('a new build downloads what differs, and the old one goes afterwards', async () => {
  const { caches, memory, fetch } = setUp(OLD);
  const [old, next] = [build('1', OLD), build('2', NEW)];
  await fill(caches, SCOPE, old, fetch);
  const server = setUp(NEW);
  await fill(caches, SCOPE, next, server.fetch);
  assert.deepEqual(server.asked.sort(), ['assets/b.js', 'index.html']);
  assert.equal(await (await match(caches, SCOPE, old, 'index.html'))?.text(), 'old');
  assert.equal(await (await match(caches, SCOPE, next, 'index.html'))?.text(), 'new');
  await caches.open('mriseg-files-1');
  await removeOthers(caches, SCOPE, next);
  assert.deepEqual([...memory.all.keys()], [cacheName(SCOPE, next), 'mriseg-files-1']);
});

test('a file of another build, or a missing one, keeps nothing', async () => {
  const kept = build('2', NEW);
  const mixed = setUp({ ...NEW, 'index.html': 'old' });
  await assert.rejects(fill(mixed.caches, SCOPE, kept, mixed.fetch), /index\.html is of another build/);
  const lacking = setUp({ 'index.html': 'new' });
  await assert.rejects(fill(lacking.caches, SCOPE, kept, lacking.fetch), /the server answered 404/);
  assert.deepEqual([mixed.memory.all.size, lacking.memory.all.size], [0, 0]);
});

test('a storage that becomes full keeps nothing', async () => {
  const { caches, memory, fetch } = setUp(OLD);
  memory.room = 1;
  await assert.rejects(fill(caches, SCOPE, build('1', OLD), fetch), /full/);
  assert.equal(memory.all.size, 0);
});
