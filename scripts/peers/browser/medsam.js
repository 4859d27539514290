// A worker that runs LiteMedSAM, picture and box to mask, with ONNX Runtime Web.

import { serve, fetched } from './worker.js';

const SIZE = 256;
let ort;
let session;

serve({
  async load({ kind }) {
    ort = await import(kind === 'webgpu' ? '/ort/ort.webgpu.min.mjs' : '/ort/ort.wasm.min.mjs');
    ort.env.wasm.wasmPaths = '/ort/';
    ort.env.wasm.numThreads = 1;
    session = await ort.InferenceSession.create(await fetched('/medsam/medsam.onnx'), { executionProviders: [kind] });
  },

  async run({ image }) {
    const file = new Blob([await fetched(`/gallery/${image}`)]);
    const begin = performance.now();
    const bitmap = await createImageBitmap(file, { resizeWidth: SIZE, resizeHeight: SIZE });
    const context = new OffscreenCanvas(SIZE, SIZE).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, SIZE, SIZE);
    const pixels = Float32Array.from({ length: 3 * SIZE * SIZE }, (_, i) => data[4 * (i % (SIZE * SIZE))] / 255);
    const picture = new ort.Tensor('float32', pixels, [1, 3, SIZE, SIZE]);
    const box = new ort.Tensor('float32', Float32Array.of(40, 60, 120, 200), [1, 4]);
    const { logits } = await session.run({ picture, box });
    const mask = Uint8Array.from(logits.data, (logit) => logit > 0);
    return { tokens: [], mask_ms: performance.now() - begin, first_token_ms: null, last_token_ms: null, pixels: mask.length };
  },
});
