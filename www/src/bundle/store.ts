// Files under their content hash, in Cache Storage; in memory where that is
// missing or full. A file is first written under a temporary name, read back and
// only then given its final one, so a broken write is never found again.

export type Bytes = Uint8Array<ArrayBuffer>;

export interface ContentStore {
  get(hash: string): Promise<Bytes | undefined>;
  /** Whether it is there, unread. */
  has(hash: string): Promise<boolean>;
  /** Never fails: says where the bytes ended up. */
  put(hash: string, bytes: Bytes): Promise<'disk' | 'memory'>;
  remove(hash: string): Promise<void>;
  clear(): Promise<void>;
}

const CACHE = 'mriseg-files-1';

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
      const found = await (await disk())?.match(finalName(hash)).catch(() => undefined);
      return found && new Uint8Array(await found.arrayBuffer());
    },
    async has(hash) {
      if (memory.has(hash)) return true;
      const found = await (await disk())?.match(finalName(hash)).catch(() => undefined);
      return found !== undefined;
    },
    async put(hash, bytes) {
      const cache = await disk();
      if (cache) {
        try {
          await write(cache, hash, bytes);
          return 'disk';
        } catch {
          // Quota, private mode or a broken profile: the visit goes on from memory.
        }
      }
      memory.set(hash, bytes);
      return 'memory';
    },
    async remove(hash) {
      memory.delete(hash);
      await (await disk())?.delete(finalName(hash));
    },
    async clear() {
      memory.clear();
      await caches?.delete(CACHE);
    },
  };
}
