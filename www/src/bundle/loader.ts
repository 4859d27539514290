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

/** What an error says, with the remedy where it has one. */
export function messageOf(error: unknown): string {
  return error instanceof LoadError ? `${error.message} ${error.remedy}` : plainMessage(error);
}

/** The same without it. */
export function plainMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export interface Loaded {
  bytes: Bytes;
  /** No byte came over the network. */
  cached: boolean;
  /** Whether the next visit finds it: false when the browser's storage is full or closed. Never rejects. */
  kept: Promise<boolean>;
}

export interface LoaderOptions {
  store: ContentStore;
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** Called with the bytes that arrived since the last call. */
  onBytes: (count: number) => void;
  /** Files are written to the store only after this: writing costs the engine's start a fifth of a second. */
  hold?: Promise<void> | undefined;
}

/** Loads that belong together. */
export interface LoadGroup extends LoaderOptions {
  /** They ask for nothing and count nothing more: one that fails ends all. */
  abort(): void;
  /** What was loaded may be written to the store. Also when they failed. */
  release(): void;
}

/** A group of loads with these options. */
export function groupLoads(options: LoaderOptions): LoadGroup {
  const controller = new AbortController();
  const { signal } = controller;
  let release = () => {};
  const hold = new Promise<void>((resolve) => (release = resolve));
  return {
    store: options.store,
    fetch: (url, init) => options.fetch(url, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, signal]) : signal }),
    onBytes: (count) => {
      if (!signal.aborted) options.onBytes(count);
    },
    hold: options.hold ?? hold,
    abort: () => controller.abort(),
    release,
  };
}

/**
 * The file of `entry` at `url`, from the store or the network, with the right size and hash.
 * It is written to the store while the caller goes on.
 * Throws a LoadError that names the file.
 */
export async function loadFile(url: string, entry: FileEntry, options: LoaderOptions): Promise<Loaded> {
  const kept = await options.store.get(entry.sha256);
  if (kept) {
    if (kept.byteLength === entry.bytes && ((await sha256(kept)) ?? entry.sha256) === entry.sha256) {
      options.onBytes(kept.byteLength);
      return { bytes: kept, cached: true, kept: Promise.resolve(true) };
    }
    await options.store.remove(entry.sha256);
  }
  const bytes = await download(url, entry, options);
  await checkHash(bytes, entry, 'Press Segment again; if it stays so, the copy on the server is damaged.');
  return { bytes, cached: false, kept: keep(entry.sha256, bytes, options) };
}

/** Writes `bytes` to the store, once that is allowed; whether they are on disk. */
export async function keep(hash: string, bytes: Bytes, { store, hold }: LoaderOptions): Promise<boolean> {
  await hold;
  return (await store.put(hash, bytes)) === 'disk';
}

/** Throws a LoadError with `remedy` where the SHA-256 of `bytes` is not that of `entry`. */
export async function checkHash(bytes: Bytes, entry: FileEntry, remedy: string): Promise<void> {
  const found = await sha256(bytes);
  // Without WebCrypto (a page served over plain http) the engine's own check remains.
  if (found === undefined || found === entry.sha256) return;
  throw new LoadError(
    `${entry.file} is damaged: its SHA-256 is ${short(found)}, the manifest says ${short(entry.sha256)}.`,
    remedy,
  );
}

async function download(url: string, entry: FileEntry, options: LoaderOptions): Promise<Bytes> {
  const response = await request(url, entry.file, options.fetch);
  const bytes = new Uint8Array(entry.bytes);
  let received = 0;
  const reader = response.body?.getReader();
  try {
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
      if (received === 0) refuseHtml(response, entry.file, chunk.value);
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
    void reader?.cancel().catch(() => {});
    // What came of it is counted once more by the next attempt.
    options.onBytes(-received);
    if (error instanceof LoadError) throw error;
    throw interrupted(entry, received);
  }
  if (received === entry.bytes) return bytes;
  options.onBytes(-received);
  throw interrupted(entry, received);
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

/** The whole of a small file; throws a LoadError that names `file`. */
export async function requestBytes(url: string, file: string, fetch: LoaderOptions['fetch'] = get, init?: RequestInit): Promise<Bytes> {
  const response = await request(url, file, fetch, init);
  const bytes = new Uint8Array(
    await response.arrayBuffer().catch(() => {
      throw new LoadError(`${file} broke off.`, 'Check the connection and try again.');
    }),
  );
  refuseHtml(response, file, bytes);
  return bytes;
}

function get(url: string, init?: RequestInit): Promise<Response> {
  return fetch(url, init);
}

/** Throws a LoadError where a server gives a web page in place of a missing file, with status 200. */
export function refuseHtml(response: Response, file: string, begin: Uint8Array): void {
  const text = new TextDecoder().decode(begin.subarray(0, 200));
  const looksSo = /^\uFEFF?\s*(<!--.*?-->\s*)?<(!doctype html|html|head)/is.test(text);
  const saysSo = /^text\/html/i.test(response.headers.get('content-type') ?? '');
  // A type alone proves nothing: some servers know no type but this one.
  if (!looksSo && !(saysSo && /^\s*</.test(text))) return;
  throw new LoadError(
    `${file} is missing: the server answered with a web page in its place.`,
    'Copy the file to the server; one that answers every address with its start page hides that it is not there.',
  );
}

/** Throws why the script at `url` was not imported: a LoadError where the server does not give it, else `error`. */
export async function explainImport(url: string, error: unknown): Promise<never> {
  // Browsers say of an import that it failed, and not why.
  if (!/import/i.test(messageOf(error))) throw error;
  const file = new URL(url).pathname.split('/').at(-1)!;
  const response = await request(url, file, (url) => fetch(url));
  refuseHtml(response, file, new Uint8Array(await response.arrayBuffer()));
  throw error;
}

function interrupted(entry: FileEntry, received: number): LoadError {
  return new LoadError(
    `${entry.file} broke off after ${received} of ${entry.bytes} bytes.`,
    'Check the connection and press Segment again.',
  );
}

function short(hash: string): string {
  return `${hash.slice(0, 12)}…`;
}
