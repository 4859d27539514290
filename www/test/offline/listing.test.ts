import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKept } from '../../build/kept-files.ts';

test('the page is kept; engines, models and the example come after a click', () => {
  for (const path of ['index.html', 'assets/index-1.js', 'assets/index-1.css', 'icon.svg', 'icons/icon-192.png', 'gallery/p0.png',
    'gallery/gallery.json', 'gallery/notes.txt', 'bundles/index.json', 'engines.json', 'engine-cpu/mriseg_web.js', 'manifest.webmanifest']) {
    assert.ok(isKept(path), path);
  }
  for (const path of ['sw.js', 'engine-cpu/mriseg_web_bg.wasm', 'engine-cpu/mriseg_web.d.ts', 'bundles/phantom/manifest.json',
    'bundles/phantom/tokenizer.json', 'bundles/phantom/weights-00.safetensors', 'examples/minimal.html', '.htaccess', 'assets/index.js.map']) {
    assert.ok(!isKept(path), path);
  }
});
