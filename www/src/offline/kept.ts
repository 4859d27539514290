// The files of one build of the page, as the service worker keeps them: all of the same build, or none.

import { sha256 } from '../bundle/hash.ts';
import { pageCaches } from '../bundle/store.ts';

/** What the build lists: path below the page, and SHA-256, of each file. */
export interface Kept {
  /** Hash of the list: two builds of the same content are one version. */
  version: string;
  files: Record<string, string>;
}

const START = 'index.html';

/** The cache of this build. Several pages may lie on one origin, so its name has the place too. */
export function cacheName(scope: string, { version }: Kept): string {
  return pageCaches(scope) + version;
}

/** The path of the kept file that answers a request for `url`; undefined where the network does. */
export function pathOf(url: string, scope: string, { files }: Kept): string | undefined {
  const { origin, pathname } = new URL(url);
  const base = new URL(scope);
  if (origin !== base.origin || !pathname.startsWith(base.pathname)) return undefined;
  let path: string;
  try {
    path = decodeURIComponent(pathname.slice(base.pathname.length)) || START;
  } catch {
    return undefined;
  }
  return Object.hasOwn(files, path) ? path : undefined;
}

/** The kept file; undefined where it is not there, or cannot be read. */
export async function match(caches: CacheStorage, scope: string, kept: Kept, path: string): Promise<Response | undefined> {
  const name = cacheName(scope, kept);
  return caches.match(addressOf(scope, path), { cacheName: name }).catch(() => undefined);
}

/** Whether all files of this build are there. */
export async function isComplete(caches: CacheStorage, scope: string, kept: Kept): Promise<boolean> {
  // It is written last.
  return (await match(caches, scope, kept, START)) !== undefined;
}

/**
 * Keeps all files of this build. What an earlier build has, by its hash, is not downloaded again.
 * Throws, and leaves nothing behind, where a file is missing or is one of another build.
 */
export async function fill(caches: CacheStorage, scope: string, kept: Kept, fetch: typeof globalThis.fetch): Promise<void> {
  const name = cacheName(scope, kept);
  const others = (await caches.keys()).filter((other) => other.startsWith(pageCaches(scope)) && other !== name);
  const paths = Object.keys(kept.files).filter((path) => path !== START);
  const read = async (path: string): Promise<[string, Response]> => {
    const address = addressOf(scope, path);
    for (const cacheName of others) {
      const before = await caches.match(address, { cacheName });
      const same = before && (await checked(before, path, kept).catch(() => undefined));
      if (same) return [address, same];
    }
    return [address, await checked(await fetch(address, { cache: 'no-cache' }), path, kept)];
  };
  // All are there and checked before the first is written.
  const responses = await Promise.all([...paths, START].map(read));
  const cache = await caches.open(name);
  try {
    for (const [address, response] of responses) await cache.put(address, response);
  } catch (error) {
    await caches.delete(name);
    throw error;
  }
}

/** Removes what earlier builds of this page have kept. */
export async function removeOthers(caches: CacheStorage, scope: string, kept: Kept): Promise<void> {
  const own = (await caches.keys()).filter((name) => name.startsWith(pageCaches(scope)));
  await Promise.all(own.filter((name) => name !== cacheName(scope, kept)).map((name) => caches.delete(name)));
}

/** A copy of `response` without what is true of its transfer only; throws where it is not the file of this build. */
async function checked(response: Response, path: string, { files }: Kept): Promise<Response> {
  if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if ((await sha256(bytes)) !== files[path]) throw new Error(`${path} is of another build of the page`);
  const headers = new Headers(response.headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
  return new Response(bytes, { headers });
}

function addressOf(scope: string, path: string): string {
  return new URL(path.split('/').map(encodeURIComponent).join('/'), scope).href;
}
