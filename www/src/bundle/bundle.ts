// A model bundle as the page sees it: a manifest and the files it lists.

import { LoadError, groupLoads, keep, loadFile, requestBytes, type FileEntry, type LoaderOptions } from './loader.ts';
import { sha256 } from './hash.ts';
import type { Bytes } from './store.ts';

/** What kind of pictures a model knows: drawings of chests, grey X-rays, or colour photographs. */
export type PictureKind = 'drawing' | 'xray' | 'colour';

/** One line of bundles/index.json, which the build writes. */
export interface BundleListing {
  id: string;
  title: string;
  /** Of all files, the manifest too. */
  bytes: number;
  /** Undefined where the manifest does not tell. */
  suits?: PictureKind | undefined;
  /** Whether its sentences are about lungs. */
  aboutLungs: boolean;
  /** A sentence that the model understands. */
  example: string;
  /** Rows and columns of cells. */
  grid: number;
  manifest: FileEntry;
}

/** What the page reads of manifest.json; the engine reads and checks all of it. */
export interface Manifest {
  name: string;
  side_convention: 'viewer' | 'patient';
  /** What its sentences are about; chest X-rays where it is not said. */
  domain?: 'chest_xray' | 'other';
  /** A sentence that the model understands. */
  example: string;
  /** What it was trained with, in words. */
  data?: string;
  /** How the engine picks a code from a distribution. */
  pick?: 'most_probable' | 'least_error' | 'best_dice';
  /** Probability from which on a pixel is worth drawing, where the rule is `best_dice`. */
  dice_threshold?: number;
  /** Share of the marginal probabilities in the distributions that codes are picked from. */
  marginal_share?: number;
  architecture?: { image: { input_channels?: number }; mask: { size: number; patch: number } };
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
  /** Whether all files are there for the next visit: false where the storage is full or closed. Never rejects. */
  kept: Promise<boolean>;
  /** Whether it is the version that the page was built with; undefined where that is not known. */
  listed: boolean | undefined;
}

/** Whether its sentences are about lungs, so that any chest picture can be asked the same things. */
export function isAboutLungs({ domain = 'chest_xray' }: Manifest): boolean {
  return domain === 'chest_xray';
}

export function listFiles(manifest: Manifest): FileEntry[] {
  return [...manifest.shards, manifest.tokenizer, manifest.card];
}

/** The kind of pictures that the model `id` knows; undefined of grey pictures that are no chest X-rays. */
export function suits(id: string, manifest: Manifest): PictureKind | undefined {
  const { architecture, data } = manifest;
  if (architecture?.image.input_channels === 3) return 'colour';
  if (!isAboutLungs(manifest)) return undefined;
  return id === 'phantom' || /^phantoms\b/.test(data ?? '') ? 'drawing' : 'xray';
}

/**
 * Loads the bundle `id` from `base`, all files at once; throws a LoadError that names the file at fault.
 * With `listed`, the entry of its manifest in the list of bundles, one that is kept is loaded without any request.
 */
export async function loadBundle(base: string, id: string, options: LoaderOptions, listed?: FileEntry): Promise<Bundle> {
  return loadBundleFrom(new URL(`bundles/${id}/`, base), id, options, listed);
}

/** The same of the bundle in `folder`, whose address ends with a slash; messages call it `id`. */
export async function loadBundleFrom(folder: URL, id: string, options: LoaderOptions, listed?: FileEntry): Promise<Bundle> {
  const { manifestBytes, cached: manifestCached } = await loadManifest(folder, id, options, listed);
  const manifest = parseManifest(manifestBytes, `${id}/manifest.json`);
  const entries = listFiles(manifest);
  const group = groupLoads(options);
  const loading = entries.map((entry) => loadFile(new URL(entry.file, folder).href, entry, group));
  const loaded = await Promise.all(loading).finally(() => {
    group.abort();
    group.release();
  });
  const manifestHash = await sha256(manifestBytes);
  const manifestKept = manifestCached || manifestHash === undefined || keep(manifestHash, manifestBytes, options);
  return {
    id,
    manifest,
    manifestBytes,
    manifestHash,
    files: new Map(entries.map(({ file }, i) => [file, loaded[i]!.bytes])),
    cached: loaded.every(({ cached }) => cached),
    kept: Promise.all([manifestKept, ...loaded.map(({ kept }) => kept)]).then((kept) => kept.every(Boolean)),
    listed: listed && manifestHash !== undefined ? manifestHash === listed.sha256 : undefined,
  };
}

/** The manifest from the store, where the listed one is there, else from the network. */
async function loadManifest(folder: URL, id: string, options: LoaderOptions, listed: FileEntry | undefined) {
  const kept = listed && (await options.store.get(listed.sha256));
  if (kept && ((await sha256(kept)) ?? listed.sha256) === listed.sha256) {
    options.onBytes(kept.byteLength);
    return { manifestBytes: kept, cached: true };
  }
  const file = `${id}/manifest.json`;
  const manifestBytes = await requestBytes(new URL('manifest.json', folder).href, file, options.fetch, { cache: 'no-cache' });
  options.onBytes(manifestBytes.byteLength);
  return { manifestBytes, cached: false };
}

/** The manifest in `bytes`; throws a LoadError that names `file`. */
export function parseManifest(bytes: Bytes, file: string): Manifest {
  try {
    const manifest = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
    if (listFiles(manifest).every(isEntry)) return manifest;
  } catch {
    // Told below, together with a manifest of another shape.
  }
  throw new LoadError(`${file} is not a model manifest.`, 'Copy the whole bundle again.');
}

function isEntry(entry: FileEntry): boolean {
  // A plain file name: a manifest must not reach outside its own folder.
  return /^[\w.-]+$/.test(entry.file) && Number.isSafeInteger(entry.bytes) && entry.bytes >= 0 && /^[0-9a-f]{64}$/.test(entry.sha256);
}
