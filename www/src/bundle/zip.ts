// Reads the files of a zip archive, as far as archives of model bundles need it: stored or deflated, up to 4 GiB.

import { LoadError } from './loader.ts';
import type { Bytes } from './store.ts';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** The record at the end, and the longest comment behind it. */
const END_BYTES = 22;
const MAX_COMMENT = 65_535;
/** An archive that says so of itself needs the 64-bit format. */
const TOO_LARGE = 0xffffffff;

/** One file of an archive; `read` unpacks it. */
export interface ZipEntry {
  /** With its folders, `/` between them. */
  path: string;
  /** Unpacked. */
  bytes: number;
  read(): Promise<Bytes>;
}

/** The files of `archive`; throws a LoadError where it is no zip archive, or one of a kind that is not read here. */
export async function readZip(archive: File): Promise<ZipEntry[]> {
  const tailFrom = Math.max(0, archive.size - END_BYTES - MAX_COMMENT);
  const tail = await view(archive, tailFrom, archive.size);
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw damaged(archive.name, 'it has no list of files');
  const [count, size, from] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  if (from === TOO_LARGE || from + size > archive.size) throw damaged(archive.name, 'its list of files is cut off');
  const list = await view(archive, from, from + size);
  const entries: ZipEntry[] = [];
  for (let offset = 0, i = 0; i < count; i++) {
    if (offset + 46 > size || list.getUint32(offset, true) !== ENTRY) throw damaged(archive.name, 'its list of files is cut off');
    const [name, extra, comment] = [28, 30, 32].map((field) => list.getUint16(offset + field, true)) as [number, number, number];
    const path = new TextDecoder().decode(new Uint8Array(list.buffer, offset + 46, Math.min(name, size - offset - 46)));
    if (!path.endsWith('/')) entries.push(entryAt(archive, path, list, offset));
    offset += 46 + name + extra + comment;
  }
  return entries;
}

function entryAt(archive: File, path: string, list: DataView<ArrayBuffer>, offset: number): ZipEntry {
  const [flags, method] = [list.getUint16(offset + 8, true), list.getUint16(offset + 10, true)];
  const [packed, bytes, local] = [20, 24, 42].map((field) => list.getUint32(offset + field, true)) as [number, number, number];
  const read = async () => {
    const refuse = (why: string) => damaged(archive.name, `${path} ${why}`);
    if (flags & 1) throw refuse('is encrypted');
    if (method !== 0 && method !== 8) throw refuse(`is packed by method ${method}, not by deflate`);
    if (local + 30 > archive.size) throw refuse('is cut off');
    const header = await view(archive, local, local + 30);
    if (header.getUint32(0, true) !== LOCAL) throw refuse('is not where the list says');
    const begin = local + 30 + header.getUint16(26, true) + header.getUint16(28, true);
    if (begin + packed > archive.size) throw refuse('is cut off');
    const content = archive.slice(begin, begin + packed);
    const unpacked = method === 0 ? content : await inflate(content, bytes).catch(() => undefined);
    if (unpacked?.size !== bytes) throw refuse('cannot be unpacked');
    return new Uint8Array(await unpacked.arrayBuffer());
  };
  return { path, bytes, read };
}

/** Unpacks `content`; gives up where it becomes longer than `limit` bytes. */
async function inflate(content: Blob, limit: number): Promise<Blob> {
  const reader = content.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const parts: BlobPart[] = [];
  let total = 0;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    total += chunk.value.byteLength;
    if (total > limit) {
      await reader.cancel();
      throw new Error('longer than the list says');
    }
    parts.push(chunk.value);
  }
  return new Blob(parts);
}

async function view(archive: Blob, from: number, to: number): Promise<DataView<ArrayBuffer>> {
  return new DataView(await archive.slice(from, to).arrayBuffer());
}

function damaged(name: string, why: string): LoadError {
  return new LoadError(`${name} cannot be read as a zip archive: ${why}.`, 'Pack the bundle again, or drop its folder.');
}
