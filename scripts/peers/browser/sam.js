// A worker that runs LiteMedSAM or MobileSAM, picture and box to mask, with ONNX Runtime Web. The longest side of the
// picture becomes that of the network, the rest is zeros.

import { serve, fetched, maskOfSquare } from './worker.js';

const MEAN = [123.675, 116.28, 103.53];
const DEVIATION = [58.395, 57.12, 57.375];
let ort;
let session;
let side;
let ranged;

serve({
  async load({ kind, threads = 1, network }) {
    ort = await import(kind === 'webgpu' ? '/ort/ort.webgpu.min.mjs' : '/ort/ort.wasm.min.mjs');
    ort.env.wasm.wasmPaths = '/ort/';
    ort.env.wasm.numThreads = threads;
    side = network === 'litemedsam' ? 256 : 1024;
    ranged = network === 'litemedsam';
    session = await ort.InferenceSession.create(await fetched(`/sam/${network}.onnx`), { executionProviders: [kind] });
  },

  async run({ image, bounds }) {
    const file = new Blob([await fetched(`/gallery/${image}`)]);
    const begin = performance.now();
    const bitmap = await createImageBitmap(file);
    const scale = side / Math.max(bitmap.width, bitmap.height);
    const [width, height] = [bitmap.width, bitmap.height].map((length) => Math.round(scale * length));
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(bitmap, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const pixels = normalized(data, width, height);
    const picture = new ort.Tensor('float32', pixels, [1, 3, side, side]);
    const box = new ort.Tensor('float32', Float32Array.from(bounds, (at) => at * scale), [1, 4]);
    const { logits } = await session.run({ picture, box });
    const mask = maskOfSquare(logits.data, logits.dims[3], bitmap.width, bitmap.height, 0, 'corner');
    return { tokens: [], mask_ms: performance.now() - begin, marked: mask.reduce((sum, one) => sum + one, 0) };
  },
});

// Of RGBA bytes: LiteMedSAM reads 0 to 1 over the picture's range, Segment Anything the mean and deviation of ImageNet.
function normalized(data, width, height) {
  const pixels = new Float32Array(3 * side * side);
  const grey = data.filter((_, i) => i % 4 !== 3);
  const low = grey.reduce((a, b) => Math.min(a, b), 255);
  const range = Math.max(grey.reduce((a, b) => Math.max(a, b), 0) - low, 1e-8);
  for (let channel = 0; channel < 3; channel++) {
    const [from, by] = ranged ? [low, range] : [MEAN[channel], DEVIATION[channel]];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        pixels[(channel * side + y) * side + x] = (data[4 * (y * width + x) + channel] - from) / by;
      }
    }
  }
  return pixels;
}
