// The types that the engine hands to JavaScript, for the page, which is built and tested without the engine too. They are
// made from web/src/messages.rs by tsify; wasm-bindgen puts them into the engine's declarations.
//
//   node build/engine-types.mjs           compares src/engine/messages.generated.ts with the engine that was built
//   node build/engine-types.mjs --write   writes it

import { readFileSync, writeFileSync } from 'node:fs';

const here = (path) => new URL(path, import.meta.url);
const file = here('../src/engine/messages.generated.ts');
const declarations = readFileSync(here('../public/engine-cpu/mriseg_web.d.ts'), 'utf8');
const types = declarations
  .slice(0, declarations.indexOf('export class'))
  .match(/\/\*\*(?:(?!\*\/)[^])*\*\/\nexport (?:interface \w+ \{\n[^]*?\n\}|type [^;]*;)/g)
  .sort((a, b) => name(a).localeCompare(name(b)));
const declared = declarations.slice(0, declarations.indexOf('export class')).match(/^export (?:interface|type) /gm);
if (types.length !== declared.length) {
  throw new Error(`the engine declares ${declared.length} types, and ${types.length} have a comment: give each one`);
}
const pixels = readFileSync(here('../../crates/mriseg/src/image/levels/mod.rs'), 'utf8')
  .match(/pub const MAX_PIXELS: u64 = ([\d_]+)/)[1]
  .replaceAll('_', '');
const expected = `// What the engine hands to JavaScript, from web/src/messages.rs. Do not edit: change the Rust, build the engine, then
// write this file anew with \`npm run write-engine-types --prefix www\`. \`./scripts/build-web\` compares the two.

/** Pixels of the largest picture that the engine decodes. */
export const MAX_PIXELS = ${pixels};

${types.join('\n\n')}
`;

function name(type) {
  return type.match(/export (?:interface|type) (\w+)/)[1];
}

if (process.argv.includes('--write')) writeFileSync(file, expected);
if (readFileSync(file, 'utf8') !== expected) {
  console.error('messages.generated.ts is not what web/src/messages.rs makes it: npm run write-engine-types --prefix www');
  process.exit(1);
}
