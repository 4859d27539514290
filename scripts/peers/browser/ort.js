// A worker that runs prefill.onnx, step.onnx and mask.onnx with ONNX Runtime Web: a picture's file to a mask of its size.
// With `concat` the files whose cache grows.

import { serve, fetched, squarePixels, maskOfSquare } from './worker.js';

let ort;
let sessions;
let names;
let begin;
let size;
let shared;

serve({
  async load({ model, kind, threads = 1, concat = false }) {
    ort = await import(kind === 'webgpu' ? '/ort/ort.webgpu.min.mjs' : '/ort/ort.wasm.min.mjs');
    ort.env.wasm.wasmPaths = '/ort/';
    ort.env.wasm.numThreads = threads;
    const { architecture } = JSON.parse(new TextDecoder().decode(await fetched(`${model}/manifest.json`)));
    begin = architecture.mask.codes;
    size = architecture.image.size;
    names = Array.from({ length: architecture.lm.layers }, (_, i) => [`key.${i}`, `value.${i}`]).flat();
    // On a GPU what is kept from token to token stays there, in one buffer for input and output where it does not grow.
    shared = kind === 'webgpu' && !concat;
    const kept = (outputs) => Object.fromEntries(outputs.map((name) => [name, kind === 'webgpu' ? 'gpu-buffer' : 'cpu']));
    const open = async (file, outputs) =>
      ort.InferenceSession.create(await fetched(`${model}/onnx/${file}.onnx`), {
        executionProviders: [kind],
        preferredOutputLocation: kept(outputs),
      });
    const present = names.map((name) => `present.${name}`);
    const suffix = concat ? '-concat' : '';
    sessions = {
      prefill: await open(`prefill${suffix}`, ['places', ...present]),
      step: await open(`step${suffix}`, present),
      mask: await open('mask', []),
    };
  },

  async run({ image, pixels, channels, ids, tokens: { length }, cells }) {
    const file = new Blob([await fetched(`/gallery/${image}`)]);
    const begins = performance.now();
    // A browser scales a little differently, which may change a token: what it makes is timed, not used.
    const { width, height } = await squarePixels(file, size);
    const picture = new ort.Tensor('float32', Float32Array.from(pixels), [1, channels, size, size]);
    const text = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
    const picture_ms = performance.now() - begins;
    const { places, ...first } = await sessions.prefill.run({ picture, text });
    let kept = first;
    let token = new ort.Tensor('int64', BigInt64Array.of(BigInt(begin)), [1, 1]);
    const tokens = [];
    let first_token_ms;
    for (let i = 0; i < length; i++) {
      const feeds = { token, index: new ort.Tensor('int64', BigInt64Array.of(BigInt(i)), [1]), places };
      for (const name of names) feeds[`past.${name}`] = kept[`present.${name}`];
      const next = await sessions.step.run(feeds, shared ? { next: null, ...kept } : undefined);
      token = next.next;
      if (!shared) {
        for (const name of names) kept[`present.${name}`].dispose();
        kept = next;
      }
      tokens.push(Number(token.data[0]));
      first_token_ms ??= performance.now() - begins;
    }
    const last_token_ms = performance.now() - begins;
    // While it warms up, some tokens are enough for it; the graph of the mask wants all.
    const all = Array.from({ length: cells }, (_, cell) => BigInt(tokens[cell] ?? 0));
    const ints = new ort.Tensor('int64', BigInt64Array.from(all), [1, cells]);
    const { soft } = await sessions.mask.run({ tokens: ints });
    const mask = maskOfSquare(soft.data, size, width, height, 0.5);
    const mask_ms = performance.now() - begins;
    for (const name of names) kept[`present.${name}`].dispose();
    places.dispose();
    return { tokens, picture_ms, first_token_ms, last_token_ms, mask_ms, marked: mask.reduce((sum, one) => sum + one, 0) };
  },
});
