// Vite plugin: writes bundles/index.json, engines.json and imaging.json from what lies in
// public/, so that the page knows sizes and hashes before it downloads anything.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { isAboutLungs, listFiles, suits, type BundleListing, type Manifest } from '../src/bundle/bundle.ts';
import type { EngineListing } from '../src/engine/engines.ts';
import type { ImagingListing } from '../src/imaging/client.ts';

export function listings(): Plugin {
  let publicDir = '';
  const files: Record<string, () => unknown> = {
    'bundles/index.json': () => listBundles(join(publicDir, 'bundles')),
    'engines.json': () => listEngines(publicDir),
    'imaging.json': () => listImaging(publicDir),
  };
  return {
    name: 'mriseg-listings',
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle() {
      for (const [fileName, list] of Object.entries(files)) {
        this.emitFile({ type: 'asset', fileName, source: JSON.stringify(list(), null, 2) });
      }
    },
    configureServer(server) {
      for (const [fileName, list] of Object.entries(files)) {
        server.middlewares.use(`/${fileName}`, (_request, response) => {
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify(list()));
        });
      }
    },
    transformIndexHtml: {
      order: 'pre',
      // The development server injects its styles as elements; the built page needs no such thing.
      handler: (html, context) =>
        context.server ? html.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") : html,
    },
  };
}

function listBundles(folder: string): BundleListing[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => existsSync(join(folder, entry.name, 'manifest.json')))
    .map((entry) => {
      const { id, file } = { id: entry.name, file: 'manifest.json' };
      const bytes = readFileSync(join(folder, id, file));
      const manifest = JSON.parse(bytes.toString()) as Manifest;
      const mask = manifest.architecture?.mask;
      if (!mask) throw new Error(`bundles/${id}/${file} has no architecture.mask: export the bundle anew`);
      return {
        id,
        title: manifest.name,
        bytes: listFiles(manifest).reduce((sum, file) => sum + file.bytes, bytes.length),
        suits: suits(id, manifest),
        aboutLungs: isAboutLungs(manifest),
        example: manifest.example,
        grid: mask.size / mask.patch,
        manifest: { file, bytes: bytes.length, sha256: hash(bytes) },
      };
    })
    // The phantom model is the one to begin with.
    .sort((a, b) => Number(b.id === 'phantom') - Number(a.id === 'phantom') || a.id.localeCompare(b.id));
}

/** What the engines in `publicDir` are, for the page and the package. */
export function listEngines(publicDir: string): EngineListing {
  const engines: EngineListing = {};
  for (const engine of ['cpu', 'cpu-relaxed', 'webgpu'] as const) {
    const file = `engine-${engine}/mriseg_web_bg.wasm`;
    if (!existsSync(join(publicDir, file))) continue;
    const wasm = readFileSync(join(publicDir, file));
    engines[engine] = {
      glue: `engine-${engine}/mriseg_web.js`,
      wasm: { file, bytes: wasm.length, sha256: hash(wasm) },
    };
  }
  return engines;
}

function listImaging(publicDir: string): ImagingListing {
  const file = 'imaging/mriseg_imaging_bg.wasm';
  if (!existsSync(join(publicDir, file))) return null;
  const wasm = readFileSync(join(publicDir, file));
  return { glue: 'imaging/mriseg_imaging.js', wasm: { file, bytes: wasm.length, sha256: hash(wasm) } };
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
