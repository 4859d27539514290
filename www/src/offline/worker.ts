// The service worker: answers with the page's own files, so that it opens without a network. Engines and models are not
// its business: the page keeps them itself, after a click. The build writes it to the root of the page as `sw.js`.

import { fill, isComplete, match, pathOf, removeOthers, type Kept } from './kept.ts';
import type { Applied } from './register.ts';

/** Put in by the build. */
declare const MRISEG_KEPT: Kept;

const KEPT = MRISEG_KEPT;
const worker = self as unknown as ServiceWorkerGlobalScope;
const { scope } = worker.registration;

worker.addEventListener('install', (event) => event.waitUntil(fill(caches, scope, KEPT, fetch)));

// Nobody runs on the earlier build any more.
worker.addEventListener('activate', (event) => event.waitUntil(removeOthers(caches, scope, KEPT)));

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const path = request.method === 'GET' ? pathOf(request.url, scope, KEPT) : undefined;
  if (path === undefined) return;
  event.respondWith(match(caches, scope, KEPT, path).then((kept) => kept ?? fetch(request)));
  if (request.mode === 'navigate') event.waitUntil(mend());
});

/** Keeps the files again where the visitor, or the browser, has cleared them. */
async function mend(): Promise<void> {
  if (await isComplete(caches, scope, KEPT)) return;
  // Offline, or of another build by now: then the next visit tries it again.
  await fill(caches, scope, KEPT, fetch).catch(() => {});
}

// The page asks for the change to this version. A second one that still runs on the earlier build would miss its files.
worker.addEventListener('message', (event) => {
  if ((event.data as { kind?: string } | null)?.kind !== 'apply') return;
  const answer = async () => {
    const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const own = windows.filter(({ url }) => url.startsWith(scope));
    const applied: Applied = own.length > 1 ? 'other-tabs' : 'applied';
    event.ports[0]?.postMessage(applied);
    if (applied === 'applied') await worker.skipWaiting();
  };
  event.waitUntil(answer());
});
