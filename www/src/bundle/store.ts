// Files under their content hash, in Cache Storage; in memory where that is
// missing or full. A file is first written under a temporary name, read back and
// only then given its final one, so a broken write is never found again.

export type Bytes = Uint8Array<ArrayBuffer>;

export interface ContentStore {
  /** The bytes under `hash`; undefined where there are none or they cannot be read. */
  get(hash: string): Promise<Bytes | undefined>;
  /** Whether it is there, unread. */
  has(hash: string): Promise<boolean>;
  /** Never fails: says where the bytes ended up. `get` finds them from the call on. */
  put(hash: string, bytes: Bytes): Promise<'disk' | 'memory'>;
  /** Never fails. */
  remove(hash: string): Promise<void>;
  /** Removes all files, and the page itself as the service worker keeps it. */
  clear(): Promise<void>;
}

const CACHE = 'mriseg-files-1';

/** What the names of the caches begin with in which a service worker keeps the page that lies at `base`. */
export function pageCaches(base: string): string {
  return `mriseg-page ${new URL('.', base).href} `;
}

export function openStore(caches: CacheStorage | undefined, base: string): ContentStore {
  const memory = new Map<string, Bytes>();
  const finalName = (hash: string) => new URL(`cached/${hash}`, base).href;
  const temporaryName = (hash: string) => new URL(`cached/incomplete/${hash}`, base).href;

  async function disk(): Promise<Cache | undefined> {
    try {
      return await caches?.open(CACHE);
    } catch {
      return undefined;
    }
  }

  async function write(cache: Cache, hash: string, bytes: Bytes): Promise<void> {
    await cache.put(temporaryName(hash), new Response(bytes));
    try {
      const written = await cache.match(temporaryName(hash));
      if (!written || (await written.clone().arrayBuffer()).byteLength !== bytes.byteLength) {
        throw new Error('the cache gave back something else');
      }
      await cache.put(finalName(hash), written);
    } finally {
      await cache.delete(temporaryName(hash));
    }
  }

  return {
    async get(hash) {
      const kept = memory.get(hash);
      if (kept) return kept;
      try {
        const found = await (await disk())?.match(finalName(hash));
        return found && new Uint8Array(await found.arrayBuffer());
      } catch {
        // An entry that cannot be read is downloaded again.
        return undefined;
      }
    },
    async has(hash) {
      if (memory.has(hash)) return true;
      // Opening a cache would make it.
      if (!(await caches?.has(CACHE).catch(() => false))) return false;
      const found = await (await disk())?.match(finalName(hash)).catch(() => undefined);
      return found !== undefined;
    },
    async put(hash, bytes) {
      memory.set(hash, bytes);
      const cache = await disk();
      if (!cache) return 'memory';
      try {
        await write(cache, hash, bytes);
        memory.delete(hash);
        return 'disk';
      } catch {
        // Quota, private mode or a broken profile: the visit goes on from memory.
        return 'memory';
      }
    },
    async remove(hash) {
      memory.delete(hash);
      await (await disk())?.delete(finalName(hash)).catch(() => false);
    },
    async clear() {
      memory.clear();
      const names = (await caches?.keys().catch(() => [])) ?? [];
      const own = names.filter((name) => name.startsWith(pageCaches(base)));
      await Promise.all([CACHE, ...own].map((name) => caches?.delete(name).catch(() => false)));
    },
  };
}
