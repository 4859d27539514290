// Downloads that count their bytes, check their SHA-256 and are kept for the next visit.

import { sha256 } from './hash.ts';
import type { Bytes, ContentStore } from './store.ts';

export interface FileEntry {
  file: string;
  bytes: number;
  sha256: string;
}

/** A download that failed, with what to do about it. */
export class LoadError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

export interface Loaded {
  bytes: Bytes;
  /** No byte came over the network. */
  cached: boolean;
  /** The next visit finds it; false when the browser's storage is full or closed. */
  kept: boolean;
}

export interface LoaderOptions {
  store: ContentStore;
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** Called with the bytes that arrived since the last call. */
  onBytes: (count: number) => void;
}

/**
 * The file of `entry` at `url`, from the store or the network, with the right size and hash.
 * Throws a LoadError that names the file.
 */
export async function loadFile(url: string, entry: FileEntry, options: LoaderOptions): Promise<Loaded> {
  const kept = await options.store.get(entry.sha256);
  if (kept) {
    if (((await sha256(kept)) ?? entry.sha256) === entry.sha256) {
      options.onBytes(kept.byteLength);
      return { bytes: kept, cached: true, kept: true };
    }
    await options.store.remove(entry.sha256);
  }
  const bytes = await download(url, entry, options);
  const found = await sha256(bytes);
  // Without WebCrypto (a page served over plain http) the engine's own check remains.
  if (found !== undefined && found !== entry.sha256) {
    throw new LoadError(
      `${entry.file} is damaged: its SHA-256 is ${short(found)}, the manifest says ${short(entry.sha256)}.`,
      'Press Load again; if it stays so, the copy on the server is damaged.',
    );
  }
  const place = await options.store.put(entry.sha256, bytes);
  return { bytes, cached: false, kept: place === 'disk' };
}

async function download(url: string, entry: FileEntry, options: LoaderOptions): Promise<Bytes> {
  const response = await request(url, entry.file, options.fetch);
  const bytes = new Uint8Array(entry.bytes);
  let received = 0;
  const reader = response.body?.getReader();
  try {
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
      if (received + chunk.value.byteLength > entry.bytes) {
        throw new LoadError(
          `${entry.file} is longer than the ${entry.bytes} bytes of the manifest.`,
          'The server has a file of another version: copy the whole bundle again.',
        );
      }
      bytes.set(chunk.value, received);
      received += chunk.value.byteLength;
      options.onBytes(chunk.value.byteLength);
    }
  } catch (error) {
    if (error instanceof LoadError) throw error;
    throw interrupted(entry, received);
  }
  if (received !== entry.bytes) throw interrupted(entry, received);
  return bytes;
}

/** GET of `url`; throws a LoadError that names `file` when there is no good answer. */
export async function request(
  url: string,
  file: string,
  fetch: LoaderOptions['fetch'],
  init?: RequestInit,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch {
    throw new LoadError(`${file} could not be fetched.`, 'Check the connection and try again.');
  }
  if (!response.ok) {
    throw new LoadError(
      `${file} could not be fetched: the server answered ${response.status}.`,
      'Check that the file is on the server.',
    );
  }
  return response;
}

function interrupted(entry: FileEntry, received: number): LoadError {
  return new LoadError(
    `${entry.file} broke off after ${received} of ${entry.bytes} bytes.`,
    'Check the connection and press Load again.',
  );
}

function short(hash: string): string {
  return `${hash.slice(0, 12)}…`;
}
