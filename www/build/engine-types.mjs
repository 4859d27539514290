// The types that the engine and the imaging module hand to JavaScript, for the page, which is built and tested without them
// too. They are made from messages.rs of each by tsify; wasm-bindgen puts them into the module's declarations.
//
//   node build/engine-types.mjs           compares each messages.generated.ts with the module that was built
//   node build/engine-types.mjs --write   writes them

import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const here = (path) => new URL(path, import.meta.url);
const pixels = readFileSync(here('../../crates/mriseg/src/image/levels/mod.rs'), 'utf8')
  .match(/pub const MAX_PIXELS: u64 = ([\d_]+)/)[1]
  .replaceAll('_', '');
const MODULES = [
  {
    what: 'engine',
    rust: 'web/src/messages.rs',
    declarations: '../public/engine-cpu/mriseg_web.d.ts',
    file: '../src/engine/messages.generated.ts',
    more: `/** Pixels of the largest picture that the engine decodes. */\nexport const MAX_PIXELS = ${pixels};\n\n`,
  },
  {
    what: 'imaging module',
    rust: 'web/imaging/src/messages.rs',
    declarations: '../public/imaging/mriseg_imaging.d.ts',
    file: '../src/imaging/messages.generated.ts',
    more: '',
  },
];

function name(type) {
  return type.match(/export (?:interface|type) (\w+)/)[1];
}

/** The types file of a module that is built. */
function generated({ what, rust, declarations, more }) {
  const all = readFileSync(here(declarations), 'utf8');
  // Of what wasm-bindgen adds to the types, classes come first, else functions with a comment.
  const own = all.slice(0, all.search(/export (?:class|function)/));
  const types = own
    .match(/\/\*\*(?:(?!\*\/)[^])*\*\/\nexport (?:interface \w+ \{\n[^]*?\n\}|type [^;]*;)/g)
    .sort((a, b) => name(a).localeCompare(name(b)));
  const declared = own.match(/^export (?:interface|type) /gm);
  if (types.length !== declared.length) {
    throw new Error(`the ${what} declares ${declared.length} types, and ${types.length} have a comment: give each one`);
  }
  return `// What the ${what} hands to JavaScript, from ${rust}. Do not edit: change the Rust, build the ${what}, then
// write this file anew with \`npm run write-engine-types --prefix www\`. \`./scripts/build-web\` compares the two.

${more}${types.join('\n\n')}
`;
}

for (const module of MODULES.filter(({ declarations }) => existsSync(here(declarations)))) {
  const expected = generated(module);
  const file = here(module.file);
  if (process.argv.includes('--write')) writeFileSync(file, expected);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== expected) {
    console.error(`${module.file} is not what ${module.rust} makes it: npm run write-engine-types --prefix www`);
    process.exitCode = 1;
  }
}
