// Folders are layers: a file imports from its own folder and from those below it, and no imports form a circle.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

/** From the bottom up. */
const LAYERS = ['bundle', 'link', 'offline', 'engine', 'imaging', 'picture', 'draw', 'session', 'ui', 'view', 'clinic', 'learn', 'lesson', 'page'];
const SRC = resolve('src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

/** The files that `file` imports, types included, as paths below src. */
function imports(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import) '(\.[^'?]+)[^']*'/g)].map(([, specifier]) => specifier!);
  return specifiers.map((specifier) => relative(SRC, resolve(SRC, dirname(file), specifier)));
}

const layer = (file: string) => LAYERS.indexOf(file.split('/')[0]!);

test('every file is in a layer and imports only from its own and lower ones', () => {
  assert.ok(files.length > 20);
  for (const file of files) {
    assert.ok(layer(file) >= 0, file);
    for (const imported of imports(file)) {
      assert.ok(files.includes(imported), `${file} imports ${imported}, which is not there`);
      assert.ok(layer(imported) <= layer(file), `${file} imports ${imported}`);
    }
  }
});

test('no imports form a circle', () => {
  const finished = new Set<string>();
  const follow = (file: string, path: string[]) => {
    assert.ok(!path.includes(file), [...path, file].join(' -> '));
    if (finished.has(file)) return;
    for (const imported of imports(file)) follow(imported, [...path, file]);
    finished.add(file);
  };
  for (const file of files) follow(file, []);
});
