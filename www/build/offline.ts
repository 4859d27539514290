// Vite plugin: writes the service worker, sw.js, with the list of the files that it keeps. It runs after all else is
// written. The development server has none.

import { join, resolve } from 'node:path';
import { build, type Plugin } from 'vite';
import { WORKER, listKept } from './kept-files.ts';

export function offline(): Plugin {
  let root = '';
  let outDir = '';
  return {
    name: 'mriseg-offline',
    apply: 'build',
    configResolved(config) {
      root = config.root;
      outDir = resolve(config.root, config.build.outDir);
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        await build({
          root,
          configFile: false,
          publicDir: false,
          logLevel: 'warn',
          define: { MRISEG_KEPT: JSON.stringify(listKept(outDir)) },
          build: {
            outDir,
            emptyOutDir: false,
            target: 'es2022',
            rollupOptions: {
              input: join(root, 'src/offline/worker.ts'),
              output: { format: 'iife', entryFileNames: WORKER },
            },
          },
        });
      },
    },
  };
}
