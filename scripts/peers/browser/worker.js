// What all workers of the benchmark have in common: they answer `{ id, call, ...arguments }`.

export function serve(calls) {
  self.onmessage = async ({ data: { id, call, ...rest } }) => {
    try {
      self.postMessage({ id, value: await calls[call](rest) });
    } catch (error) {
      self.postMessage({ id, error: `${error.message}\n${error.stack}` });
    }
  };
}

export async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A picture's file as grey values of zero mean and unit deviation, padded to a square of `size` pixels. */
export async function squarePixels(file, size) {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  const scale = size / Math.max(width, height);
  const context = new OffscreenCanvas(size, size).getContext('2d');
  context.drawImage(bitmap, (size - width * scale) / 2, (size - height * scale) / 2, width * scale, height * scale);
  const { data } = context.getImageData(0, 0, size, size);
  const pixels = Float32Array.from({ length: size * size }, (_, i) => data[4 * i] / 255);
  const mean = pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length;
  const variance = pixels.reduce((sum, pixel) => sum + (pixel - mean) ** 2, 0) / pixels.length;
  for (let i = 0; i < pixels.length; i++) pixels[i] = (pixels[i] - mean) / Math.max(Math.sqrt(variance), 1e-3);
  return { pixels, width, height };
}

/**
 * Values of a square of `side` numbers to a mask of the picture in it, scaled linearly and cut at `threshold`. The
 * picture lies in the middle of the square, or in its upper left corner.
 */
export function maskOfSquare(values, side, width, height, threshold, place = 'middle') {
  const longest = Math.max(width, height);
  const [left, top] = place === 'middle' ? [(longest - width) / 2, (longest - height) / 2] : [0, 0];
  const at = (position) => {
    const exact = Math.min(Math.max(((position + 0.5) * side) / longest - 0.5, 0), side - 1);
    const low = Math.floor(exact);
    return [low, Math.min(low + 1, side - 1), exact - low];
  };
  const columns = Array.from({ length: width }, (_, x) => at(x + left));
  const mask = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const [above, below, down] = at(y + top);
    for (let x = 0; x < width; x++) {
      const [before, after, across] = columns[x];
      const upper = values[above * side + before] * (1 - across) + values[above * side + after] * across;
      const lower = values[below * side + before] * (1 - across) + values[below * side + after] * across;
      mask[y * width + x] = Number(upper * (1 - down) + lower * down > threshold);
    }
  }
  return mask;
}
