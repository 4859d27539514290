import { defineConfig } from 'vite';
import { listings } from './build/listings.ts';
import { offline } from './build/offline.ts';

export default defineConfig({
  base: './',
  plugins: [listings(), offline()],
  worker: { format: 'es' },
  build: { target: 'es2022', assetsInlineLimit: 0, reportCompressedSize: true },
  server: { host: '127.0.0.1' },
});
