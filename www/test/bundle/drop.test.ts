import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { droppedFiles, isBundle, readBundle } from '../../src/bundle/drop.ts';
import { LoadError } from '../../src/bundle/loader.ts';
import type { Bytes } from '../../src/bundle/store.ts';
import { WEIGHTS, bundleFiles } from './fake-server.ts';

const FILES = Object.fromEntries(Object.entries(bundleFiles()).map(([path, bytes]) => [path.split('/').at(-1)!, bytes]));

/** The files as a folder of this name, or beside each other. */
function chosen(files: Record<string, Bytes>, folder = ''): File[] {
  return Object.entries(files).map(([name, bytes]) => {
    const file = new File([bytes], name);
    Object.defineProperty(file, 'webkitRelativePath', { value: folder && `${folder}/${name}` });
    return file;
  });
}

/** A zip archive with these files. */
function zip(files: Record<string, Bytes>, change: { method?: number; flags?: number; cut?: number } = {}): File {
  const { method = 8, flags = 0, cut = 0 } = change;
  const [parts, list]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [path, bytes] of Object.entries(files)) {
    const packed = method === 8 ? deflateRawSync(bytes) : Buffer.from(bytes);
    const sizes = Buffer.alloc(26);
    sizes.writeUInt16LE(flags, 2);
    sizes.writeUInt16LE(method, 4);
    sizes.writeUInt32LE(packed.length, 14);
    sizes.writeUInt32LE(bytes.length, 18);
    sizes.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), sizes, Buffer.from(path), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    list.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.alloc(2), sizes, tail, Buffer.from(path)]));
    parts.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(list.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  const all = Buffer.concat([...parts, directory, end]);
  return new File([all.subarray(0, all.length - cut)], 'mine.zip');
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof LoadError, String(error));
  return `${error.message} ${error.remedy}`;
}

const inFolder = (files: Record<string, Bytes>) => Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`mine/${name}`, bytes]));

test('a folder, its files and a zip of either are the same bundle', async () => {
  for (const files of [chosen(FILES, 'mine'), chosen(FILES), [zip(FILES)], [zip(inFolder(FILES), { method: 0 })]]) {
    const bundle = await readBundle(files);
    assert.deepEqual([...bundle.files.keys()], ['weights-00.safetensors', 'tokenizer.json', 'card.md']);
    assert.deepEqual(bundle.files.get('weights-00.safetensors'), WEIGHTS);
    assert.match(bundle.manifestHash!, /^[0-9a-f]{64}$/);
    assert.equal(bundle.id, files.length === 4 && !files[0]!.webkitRelativePath ? 'phantom' : 'mine');
  }
});

test('a missing file is named, and so is a damaged one', async () => {
  const { 'tokenizer.json': _, ...without } = FILES;
  assert.match(await refusal(readBundle(chosen(without, 'mine'))), /^mine\/tokenizer\.json is missing: the manifest lists it/);
  const flipped = WEIGHTS.slice();
  flipped[77]! ^= 1;
  const damaged = chosen({ ...FILES, 'weights-00.safetensors': flipped }, 'mine');
  assert.match(await refusal(readBundle(damaged)), /^mine\/weights-00\.safetensors is damaged: its SHA-256/);
  const short = chosen({ ...FILES, 'weights-00.safetensors': WEIGHTS.slice(1) });
  assert.match(await refusal(readBundle(short)), /^weights-00\.safetensors has 4999 bytes, the manifest says 5000/);
});

test('what is no bundle, or several, is told', async () => {
  assert.match(await refusal(readBundle([])), /no manifest\.json/);
  assert.match(await refusal(readBundle([new File(['x'], 'picture.png')])), /no manifest\.json/);
  const two = [...chosen(FILES, 'one'), ...chosen(FILES, 'other')];
  assert.match(await refusal(readBundle(two)), /several bundles: one\/manifest\.json and other\/manifest\.json/);
  const nonsense = chosen({ ...FILES, 'manifest.json': new Uint8Array([123]) }, 'mine');
  assert.match(await refusal(readBundle(nonsense)), /^mine\/manifest\.json is not a model manifest/);
});

test('an archive that cannot be read says why', async () => {
  assert.match(await refusal(readBundle([new File(['hello'], 'a.zip')])), /^a\.zip cannot be read.*no list of files/);
  assert.match(await refusal(readBundle([zip(FILES, { cut: 10 })])), /^mine\.zip cannot be read/);
  assert.match(await refusal(readBundle([zip(FILES, { flags: 1 })])), /manifest\.json is encrypted/);
  assert.match(await refusal(readBundle([zip(FILES, { method: 14 })])), /is packed by method 14/);
});

test('an archive of another program is read', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mriseg-zip-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'mine'));
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(folder, 'mine', name), bytes);
  try {
    execFileSync('python3', ['-m', 'zipfile', '-c', 'mine.zip', 'mine/'], { cwd: folder });
  } catch {
    t.skip('there is no python3 to write one');
    return;
  }
  return readBundle([new File([readFileSync(join(folder, 'mine.zip'))], 'mine.zip')]).then((bundle) => {
    assert.deepEqual(bundle.files.get('weights-00.safetensors'), WEIGHTS);
    assert.equal(bundle.id, 'mine');
  });
});

/** Entries of a drop as browsers give them: a folder hands out its children in portions. */
function entryOf(path: string, content: File | FileSystemEntry[]): FileSystemEntry {
  const fullPath = `/${path}`;
  const name = path.split('/').at(-1)!;
  if (content instanceof File) {
    return { isFile: true, isDirectory: false, name, fullPath, file: (give: (file: File) => void) => give(content) } as unknown as FileSystemEntry;
  }
  const createReader = () => {
    const left = [...content];
    return { readEntries: (give: (entries: FileSystemEntry[]) => void) => give(left.splice(0, 2)) };
  };
  return { isFile: false, isDirectory: true, name, fullPath, createReader } as unknown as FileSystemEntry;
}

function drop(entries: FileSystemEntry[], files: File[] = []): DataTransfer {
  return { items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })), files } as unknown as DataTransfer;
}

test('a dropped folder gives its files with their places, also from folders in it', async () => {
  const children = chosen(FILES).map((file) => entryOf(`runs/mine/${file.name}`, file));
  const files = await droppedFiles(drop([entryOf('runs', [entryOf('runs/mine', children)])]));
  assert.equal(files.length, 4);
  const bundle = await readBundle(files);
  assert.equal(bundle.id, 'mine');
  const lacking = await droppedFiles(drop([entryOf('runs', [entryOf('runs/mine', children.slice(0, 2))])]));
  assert.match(await refusal(readBundle(lacking)), /^runs\/mine\/(tokenizer\.json|card\.md) is missing/);
});

test('dropped files without a folder are given as they are', async () => {
  const files = chosen(FILES);
  assert.deepEqual(await droppedFiles(drop(files.map((file) => entryOf(file.name, file)), files)), files);
});

test('folders of very many files are refused by their own names', async () => {
  const many = Array.from({ length: 1001 }, (_, i) => entryOf(`all/1/${i}`, new File([], String(i))));
  const [all, other] = [entryOf('all', [entryOf('all/1', many)]), entryOf('other', [])];
  assert.match(await refusal(droppedFiles(drop([all]))), /^There are more than 1000 files in all\. Drop one picture/);
  const picture = entryOf('p.png', new File([], 'p.png'));
  assert.match(await refusal(droppedFiles(drop([all, picture, other]))), /^There are more than 1000 files in all, other\./);
});

test('an archive or a manifest among pictures makes no bundle of them', async () => {
  const [picture, archive] = [new File(['x'], 'scan.png'), new File(['x'], 'report.ZIP')];
  assert.ok(await isBundle([archive]));
  assert.ok(!(await isBundle([picture, archive])));
  assert.ok(!(await isBundle([picture, new File(['{"name":"App","icons":[]}'], 'manifest.json')])));
  assert.ok(await isBundle([picture, ...chosen(FILES)]));
  // One that is damaged was meant as one, and is told to be damaged.
  assert.ok(await isBundle([new File(['{"shards": ['], 'manifest.json')]));
});
