// A model bundle as the page sees it: a manifest and the files it lists.

import { LoadError, loadFile, request, type FileEntry, type LoaderOptions } from './loader.ts';
import { sha256 } from './hash.ts';
import type { Bytes } from './store.ts';

/** One line of bundles/index.json, which the build writes. */
export interface BundleListing {
  id: string;
  title: string;
  bytes: number;
  /** What it was trained on, by which it is proposed for a picture. */
  suits?: 'drawing' | 'xray' | 'colour';
  /** Its files, so that the page knows which of them are there already. */
  files?: { bytes: number; sha256: string }[];
}

/** What the page reads of manifest.json; the engine reads and checks all of it. */
export interface Manifest {
  name: string;
  side_convention: 'viewer' | 'patient';
  /** What its sentences are about; chest X-rays where it is not said. */
  domain?: 'chest_xray' | 'other';
  /** A sentence that the model understands. */
  example: string;
  architecture?: { image?: { input_channels?: number } };
  /** What it was trained on. */
  data?: string;
  shards: FileEntry[];
  tokenizer: FileEntry;
  card: FileEntry;
}

export interface Bundle {
  id: string;
  manifest: Manifest;
  manifestBytes: Bytes;
  manifestHash: string | undefined;
  files: Map<string, Bytes>;
  /** No byte of its files came over the network. */
  cached: boolean;
  /** All files are there for the next visit. */
  kept: boolean;
}

/** Whether its sentences are about lungs, so that any chest picture can be asked the same things. */
export function isAboutLungs({ domain = 'chest_xray' }: Manifest): boolean {
  return domain === 'chest_xray';
}

export function listFiles(manifest: Manifest): FileEntry[] {
  return [...manifest.shards, manifest.tokenizer, manifest.card];
}

/** Loads the bundle `id` from `base`; throws a LoadError that names the file at fault. */
export async function loadBundle(base: string, id: string, options: LoaderOptions): Promise<Bundle> {
  const folder = new URL(`bundles/${id}/`, base);
  const url = new URL('manifest.json', folder).href;
  const response = await request(url, `${id}/manifest.json`, options.fetch, { cache: 'no-cache' });
  const manifestBytes = new Uint8Array(await response.arrayBuffer());
  const manifest = parseManifest(manifestBytes, id);
  const files = new Map<string, Bytes>();
  let cached = true;
  let kept = true;
  for (const entry of listFiles(manifest)) {
    const loaded = await loadFile(new URL(entry.file, folder).href, entry, options);
    files.set(entry.file, loaded.bytes);
    cached &&= loaded.cached;
    kept &&= loaded.kept;
  }
  const manifestHash = await sha256(manifestBytes);
  return { id, manifest, manifestBytes, manifestHash, files, cached, kept };
}

function parseManifest(bytes: Bytes, id: string): Manifest {
  try {
    const manifest = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
    if (listFiles(manifest).every(isEntry)) return manifest;
  } catch {
    // Told below, together with a manifest of another shape.
  }
  throw new LoadError(`${id}/manifest.json is not a model manifest.`, 'Copy the whole bundle again.');
}

function isEntry(entry: FileEntry): boolean {
  // A plain file name: a manifest must not reach outside its own folder.
  return /^[\w.-]+$/.test(entry.file) && entry.bytes >= 0 && /^[0-9a-f]{64}$/.test(entry.sha256);
}
