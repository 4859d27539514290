// A server in memory, a store for what comes from it, and a small bundle for it to serve.

import { createHash } from 'node:crypto';
import type { FileEntry, LoaderOptions } from '../../src/bundle/loader.ts';
import { openStore, type Bytes } from '../../src/bundle/store.ts';
import { FakeCaches } from './fake-caches.ts';

export const BASE = 'http://page.test/demo/';
export const WEIGHTS: Bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
export const URL_OF_WEIGHTS = `${BASE}weights-00.safetensors`;

export function entryOf(file: string, bytes: Bytes): FileEntry {
  return { file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** A server that answers with `files` in chunks of 1000 bytes, and what it was asked for. */
export function server(files: Record<string, Bytes>, caches = new FakeCaches()) {
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

export const text = (value: unknown): Bytes => new Uint8Array(new TextEncoder().encode(JSON.stringify(value)));

/** The files of a bundle, by their path below the page. */
export function bundleFiles(change: (manifest: Record<string, unknown>) => void = () => {}): Record<string, Bytes> {
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
