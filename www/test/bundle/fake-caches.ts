// Cache Storage in memory, with a quota and a fault to choose.

export class FakeCaches {
  readonly written: string[] = [];
  #entries = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #quota: number;
  readonly #truncate: boolean;

  constructor({ quota = Infinity, truncate = false } = {}) {
    this.#quota = quota;
    this.#truncate = truncate;
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  overwrite(url: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#entries.set(url, bytes);
  }

  async open(): Promise<object> {
    return {
      put: async (url: string, response: Response) => {
        const bytes = new Uint8Array(await response.arrayBuffer());
        if (bytes.length > this.#quota) throw new DOMException('full', 'QuotaExceededError');
        this.written.push(url);
        this.#entries.set(url, this.#truncate ? bytes.slice(0, -1) : bytes);
      },
      match: async (url: string) => {
        const bytes = this.#entries.get(url);
        return bytes && new Response(bytes);
      },
      delete: async (url: string) => this.#entries.delete(url),
    };
  }

  async delete(): Promise<boolean> {
    this.#entries.clear();
    return true;
  }
}
