// What git makes of the files of this repository on other machines: nothing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(process.cwd(), '..');
const git = (given: readonly string[], input = '') =>
  execFileSync('git', given, { cwd: ROOT, input, encoding: 'utf8', maxBuffer: 2 ** 27, stdio: ['pipe', 'pipe', 'ignore'] });

function isRepository(): boolean {
  try {
    return git(['rev-parse', '--show-prefix']).trim() === '' && git(['ls-files', 'www/package.json']).trim() !== '';
  } catch {
    return false;
  }
}

/** Why nothing can be asked here: an unpacked archive of the sources has no git. */
const skip = !isRepository() && 'this is no checkout of git';
const paths = (pattern: string) => git(['ls-files', '-z', pattern]).split('\0').filter(Boolean);

test('a checkout on Windows has the same bytes', { skip }, () => {
  const files = git(['ls-files', '-s', '-z']).split('\0').filter((line) => line.startsWith('100'));
  const folder = mkdtempSync(join(tmpdir(), 'mriseg-checkout-'));
  try {
    git(['-c', 'core.autocrlf=true', '-c', 'core.eol=crlf', 'checkout-index', '-a', `--prefix=${folder}/`]);
    const names = files.map((line) => line.slice(line.indexOf('\t') + 1));
    const found = git(['hash-object', '--no-filters', '--stdin-paths'], names.map((name) => join(folder, name)).join('\n')).trim().split('\n');
    const changed = names.filter((_, i) => found[i] !== files[i]!.split(' ')[1]);
    assert.ok(names.length > 500, `${names.length}`);
    assert.deepEqual(changed, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what has a digest is never taken for text', { skip }, () => {
  const manifests = paths('*manifest.json').filter((path) => /shards/.test(readFileSync(join(ROOT, path), 'utf8')));
  assert.ok(manifests.length >= 3, manifests.join());
  const listed = manifests.flatMap((path) => {
    const folder = path.slice(0, -'manifest.json'.length);
    const { shards, tokenizer, card } = JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
    return [...shards, tokenizer, card].map(({ file, sha256 }) => ({ path: folder + file, sha256 }));
  });
  for (const { path, sha256 } of listed) {
    assert.equal(createHash('sha256').update(readFileSync(join(ROOT, path))).digest('hex'), sha256, path);
  }
  const wanted = [...manifests, ...listed.map(({ path }) => path), ...paths('*/fixtures/*')];
  const answers = git(['check-attr', '-z', '--stdin', 'text'], wanted.map((path) => `${path}\0`).join('')).split('\0');
  const text = wanted.filter((_, i) => answers[3 * i + 2] !== 'unset');
  assert.deepEqual(text, []);
});
