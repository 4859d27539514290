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
