// A static server for the built page, as small as any static host.

import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/**
 * Serves `folder` on a free port of 127.0.0.1, below the path `base`; `requests` collects what was asked for.
 * `single` answers what is not there with the start page and status 200, as hosts of single-page applications do.
 */
export async function serve(folder, { base = '/', single = false } = {}) {
  const requests = [];
  const served = { folder };
  const server = createServer((request, response) => {
    const { folder } = served;
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    requests.push(`${request.method} ${path}`);
    const below = path.startsWith(base) ? `/${path.slice(base.length)}` : '/..';
    let file = join(folder, normalize(below.endsWith('/') ? `${below}index.html` : below));
    const exists = () => file.startsWith(folder + sep) && statSync(file, { throwIfNoEntry: false })?.isFile();
    if (!exists() && single) file = join(folder, 'index.html');
    if (!exists()) {
      response.writeHead(404).end('not found');
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-length': statSync(file).size,
      // The browser's HTTP cache must not hide what the page asks for.
      'cache-control': 'no-store',
    });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}${base}`;
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url, requests, close, /** Serves another folder from now on. */ swap: (folder) => (served.folder = folder) };
}
