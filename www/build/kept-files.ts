// Which files of a build the service worker keeps.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Kept } from '../src/offline/kept.ts';

/** The service worker itself. */
export const WORKER = 'sw.js';

/**
 * The files of the page in `folder`. Not the engines' wasm nor the models: they come after a click. Not the example
 * page, which needs both.
 */
export function listKept(folder: string): Kept {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).split(sep).join('/'))
    .filter(isKept)
    .sort();
  const files = Object.fromEntries(paths.map((path) => [path, hash(readFileSync(join(folder, path)))]));
  return { version: hash(JSON.stringify(files)).slice(0, 16), files };
}

export function isKept(path: string): boolean {
  if (path === WORKER || /(^|\/)\./.test(path) || path.startsWith('examples/')) return false;
  if (path.startsWith('bundles/')) return path === 'bundles/index.json';
  return path.startsWith('gallery/') || /\.(html|js|css|svg|png|webp|json|webmanifest)$/.test(path);
}

function hash(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
