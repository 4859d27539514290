// Lists that lie beside the page.

import { LoadError, refuseHtml, request } from './loader.ts';

/**
 * The JSON at `path` below `base`, or `otherwise` where there is none. `wrong` hears of a server that gives a page or anything
 * else in its place; a list that is simply not there is told to nobody.
 */
export async function fetchJson<T>(path: string, base: string, otherwise: T, wrong: (error: unknown) => void): Promise<T> {
  const get = (url: string, init?: RequestInit) => fetch(url, init);
  const response = await request(new URL(path, base).href, path, get, { cache: 'no-cache' }).catch(() => undefined);
  if (!response) return otherwise;
  try {
    const bytes = new Uint8Array(await response.arrayBuffer());
    refuseHtml(response, path, bytes);
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch (error) {
    wrong(error instanceof LoadError ? error : new LoadError(`${path} cannot be read.`, 'Copy the whole page to the server again.'));
    return otherwise;
  }
}
