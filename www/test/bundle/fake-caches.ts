// Cache Storage in memory, with a quota and faults to choose.

interface Faults {
  quota?: number;
  /** Gives back one byte less than was written. */
  truncate?: boolean;
  /** Entries that `match` cannot read. */
  unreadable?: boolean;
}

export class FakeCaches {
  readonly written: string[] = [];
  faults: Faults;
  #caches = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();

  constructor(faults: Faults = {}) {
    this.faults = faults;
  }

  /** The addresses of all entries. */
  urls(): string[] {
    return [...this.#caches.values()].flatMap((entries) => [...entries.keys()]);
  }

  overwrite(url: string, bytes: Uint8Array<ArrayBuffer>): void {
    for (const entries of this.#caches.values()) if (entries.has(url)) entries.set(url, bytes);
  }

  async keys(): Promise<string[]> {
    return [...this.#caches.keys()];
  }

  async open(name: string): Promise<object> {
    const entries = this.#caches.get(name) ?? new Map<string, Uint8Array<ArrayBuffer>>();
    this.#caches.set(name, entries);
    return {
      put: async (url: string, response: Response) => {
        const bytes = new Uint8Array(await response.arrayBuffer());
        if (bytes.length > (this.faults.quota ?? Infinity)) throw new DOMException('full', 'QuotaExceededError');
        this.written.push(url);
        entries.set(url, this.faults.truncate ? bytes.slice(0, -1) : bytes);
      },
      match: async (url: string) => {
        if (this.faults.unreadable) throw new DOMException('the disk is broken', 'UnknownError');
        const bytes = entries.get(url);
        return bytes && new Response(bytes);
      },
      delete: async (url: string) => entries.delete(url),
    };
  }

  async delete(name: string): Promise<boolean> {
    return this.#caches.delete(name);
  }
}
