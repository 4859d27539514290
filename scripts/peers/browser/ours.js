// A worker with one of our engines, as the page has it.

import { serve, fetched } from './worker.js';

let engine;

serve({
  async load({ model, kind }) {
    const module = await import(`/engine-${kind}/mriseg_web.js`);
    await module.default({ module_or_path: `/engine-${kind}/mriseg_web_bg.wasm` });
    engine = await module.Engine.create((kind, message) => {
      throw new Error(`${kind}: ${message}`);
    });
    const manifest = await fetched(`${model}/manifest.json`);
    const { shards, tokenizer, card } = JSON.parse(new TextDecoder().decode(manifest));
    const names = [...shards, tokenizer, card].map((entry) => entry.file);
    const contents = await Promise.all(names.map((name) => fetched(`${model}/${name}`)));
    await engine.load(manifest, names, contents);
  },

  async run({ image, text, decode }) {
    const picture = await fetched(`/gallery/${image}`);
    const begin = performance.now();
    await engine.start(picture, image, text, decode, new Uint32Array());
    const tokens = [];
    let first;
    for (let pass = await engine.next(); pass.tokens.length > 0; pass = await engine.next()) {
      first ??= performance.now();
      tokens.push(...pass.tokens.map((token) => token.token));
    }
    const last = performance.now();
    await engine.finish();
    return {
      tokens,
      first_token_ms: first - begin,
      last_token_ms: last - begin,
      mask_ms: performance.now() - begin,
    };
  },
});
