// A worker that runs prefill.onnx and step.onnx with ONNX Runtime Web.

import { serve, fetched } from './worker.js';

let ort;
let prefill;
let step;
let names;
let begin;

serve({
  async load({ model, kind }) {
    ort = await import(kind === 'webgpu' ? '/ort/ort.webgpu.min.mjs' : '/ort/ort.wasm.min.mjs');
    ort.env.wasm.wasmPaths = '/ort/';
    ort.env.wasm.numThreads = 1;
    const { architecture } = JSON.parse(new TextDecoder().decode(await fetched(`${model}/manifest.json`)));
    begin = architecture.mask.codes;
    names = Array.from({ length: architecture.lm.layers }, (_, i) => [`key.${i}`, `value.${i}`]).flat();
    // What is kept from token to token stays on the GPU.
    const kept = Object.fromEntries(['places', ...names.map((name) => `present.${name}`)].map((name) => [name, 'gpu-buffer']));
    const options = {
      executionProviders: [kind],
      ...(kind === 'webgpu' && { preferredOutputLocation: kept }),
    };
    const open = async (file, unused) => {
      const preferredOutputLocation = { ...options.preferredOutputLocation };
      for (const name of unused) delete preferredOutputLocation[name];
      return ort.InferenceSession.create(await fetched(`${model}/onnx/${file}`), {
        ...options,
        ...(options.preferredOutputLocation && { preferredOutputLocation }),
      });
    };
    prefill = await open('prefill.onnx', []);
    step = await open('step.onnx', ['places']);
  },

  async run({ pixels, channels, ids, tokens: { length } }) {
    const size = Math.sqrt(pixels.length / channels);
    const begins = performance.now();
    const picture = new ort.Tensor('float32', Float32Array.from(pixels), [1, channels, size, size]);
    const text = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
    let kept = await prefill.run({ picture, text });
    const { places } = kept;
    let token = new ort.Tensor('int64', BigInt64Array.of(BigInt(begin)), [1, 1]);
    const tokens = [];
    let first;
    for (let i = 0; i < length; i++) {
      const feeds = { token, index: new ort.Tensor('int64', BigInt64Array.of(BigInt(i)), [1]), places };
      for (const name of names) feeds[`past.${name}`] = kept[`present.${name}`];
      const next = await step.run(feeds);
      for (const name of names) kept[`present.${name}`].dispose();
      kept = next;
      token = kept.next;
      tokens.push(Number(token.data[0]));
      first ??= performance.now();
    }
    const last = performance.now();
    for (const name of names) kept[`present.${name}`].dispose();
    places.dispose();
    return { tokens, first_token_ms: first - begins, last_token_ms: last - begins };
  },
});
