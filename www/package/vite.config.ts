// Builds index.js and worker.js of the package into www/target/package.

import { defineConfig, type Plugin } from 'vite';
import { listEngines } from '../build/listings.ts';

/** The worker lies beside index.js in the package: it is no asset that Vite names. */
const workerBeside: Plugin = {
  name: 'mriseg-worker-beside',
  enforce: 'pre',
  resolveId: (id) => (id.endsWith('worker.ts?worker&url') ? '\0mriseg-worker' : null),
  load: (id) => (id === '\0mriseg-worker' ? "export default new URL('./worker.js', import.meta.url).href" : null),
};

/** Addresses of files beside the module stay as they are: they are the user's bundler's to find. */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  plugins: [workerBeside],
  define: { MRISEG_ENGINES: JSON.stringify(listEngines(`${import.meta.dirname}/../public`)) },
  build: {
    outDir: '../target/package',
    emptyOutDir: true,
    target: 'es2022',
    minify: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      preserveEntrySignatures: 'strict',
      input: { index: `${import.meta.dirname}/src/index.ts`, worker: `${import.meta.dirname}/../src/engine/worker.ts` },
      output: { format: 'es', entryFileNames: '[name].js' },
    },
  },
});
