// A bundle that the user drops on the page or chooses: a folder, its files, or a zip archive of them. Nothing of it is
// sent anywhere.

import { listFiles, parseManifest, type Bundle } from './bundle.ts';
import { sha256 } from './hash.ts';
import { LoadError, checkHash, type FileEntry } from './loader.ts';
import type { Bytes } from './store.ts';
import { readZip } from './zip.ts';

const MANIFEST = 'manifest.json';
/** Files of a folder that is no bundle need not all be listed. */
const MAX_FILES = 1000;
/** Far more than any model that runs in a browser. */
const MAX_BYTES = 2 ** 31;

/** A file by its path in what was dropped. */
interface Source {
  path: string;
  bytes: number;
  read(): Promise<Bytes>;
}

/** Whether files are meant as a bundle: a zip archive by itself, or a manifest of weights. Web apps have a manifest.json too. */
export async function isBundle(files: readonly File[]): Promise<boolean> {
  if (zipOf(files)) return true;
  const manifests = files.filter(({ name }) => name === MANIFEST).map((file) => file.text().catch(() => ''));
  return (await Promise.all(manifests)).some((text) => text.includes('"shards"'));
}

function zipOf(files: readonly File[]): File | undefined {
  return files.find(({ name }) => files.length === 1 && /\.zip$/i.test(name));
}

/**
 * The bundle that `files` are, each checked against the manifest by its size and SHA-256. `id` is the name of its folder.
 * Throws a LoadError that names the missing or damaged file.
 */
export async function readBundle(files: readonly File[]): Promise<Bundle> {
  const archive = zipOf(files);
  const sources = archive ? await readZip(archive) : files.map(sourceOf);
  const found = sources.filter(({ path }) => nameOf(path) === MANIFEST).sort((a, b) => a.path.length - b.path.length);
  const [at, other] = found;
  if (!at) throw new LoadError(`There is no ${MANIFEST} in what was dropped.`, 'Drop the whole folder of a bundle, all its files, or a zip of them.');
  if (other) throw new LoadError(`There are several bundles: ${at.path} and ${other.path}.`, 'Drop one of them.');
  const folder = at.path.slice(0, -MANIFEST.length);
  const manifestBytes = await read(at, at.path);
  const manifest = parseManifest(manifestBytes, at.path);
  const entries = listFiles(manifest);
  if (entries.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_BYTES) {
    throw new LoadError(`${at.path} lists more than 2 GiB of files.`, 'Export the bundle with fewer parameters or in half precision.');
  }
  const contents = await Promise.all(entries.map((entry) => readEntry(sources, folder, entry)));
  const id = folder.split('/').filter(Boolean).at(-1) ?? archive?.name.replace(/\.zip$/i, '') ?? manifest.name;
  return {
    id,
    manifest,
    manifestBytes,
    manifestHash: await sha256(manifestBytes),
    files: new Map(entries.map(({ file }, i) => [file, contents[i]!])),
    cached: true,
    // It stays where the user has it.
    kept: Promise.resolve(false),
    listed: false,
  };
}

/**
 * All files of a drop, of folders too. Call it in the handler of the event itself: afterwards the browser has
 * forgotten what was dropped.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  const folders = entries.filter((entry) => entry?.isDirectory).map((folder) => folder!.name);
  const files: File[] = [];
  for (const entry of entries) if (entry) await collect(entry, files, folders.join(', '));
  return files;
}

async function collect(entry: FileSystemEntry, files: File[], folder: string): Promise<void> {
  if (files.length >= MAX_FILES) {
    throw new LoadError(`There are more than ${MAX_FILES} files in ${folder}.`, 'Drop one picture of it, or the folder of a bundle itself.');
  }
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    paths.set(file, entry.fullPath.replace(/^\//, ''));
    files.push(file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives its entries in portions.
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0) return;
    for (const child of portion) await collect(child, files, folder);
  }
}

/** Where the files of a dropped folder lie in it: a `File` does not know. */
const paths = new WeakMap<File, string>();

function sourceOf(file: File): Source {
  const path = paths.get(file) ?? (file.webkitRelativePath || file.name);
  return { path, bytes: file.size, read: async () => new Uint8Array(await file.arrayBuffer()) };
}

async function readEntry(sources: readonly Source[], folder: string, entry: FileEntry): Promise<Bytes> {
  const path = folder + entry.file;
  const source = sources.find((source) => source.path === path);
  if (!source) throw new LoadError(`${path} is missing: the manifest lists it.`, 'Drop the whole folder of the bundle.');
  if (source.bytes !== entry.bytes) {
    throw new LoadError(
      `${path} has ${source.bytes} bytes, the manifest says ${entry.bytes}.`,
      'Copy or export the bundle again: the file is damaged or of another version.',
    );
  }
  const bytes = await read(source, path);
  await checkHash(bytes, { ...entry, file: path }, 'Copy or export the bundle again.');
  return bytes;
}

async function read(source: Source, path: string): Promise<Bytes> {
  return source.read().catch((error: unknown) => {
    if (error instanceof LoadError) throw error;
    throw new LoadError(`${path} cannot be read: ${(error as Error).message}.`, 'Check that the file is still there, and drop it again.');
  });
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
