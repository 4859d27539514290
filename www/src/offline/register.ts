// The page's end of the service worker. Where there is none (plain http, private windows), nothing happens.

/** `other-tabs`: another tab still runs the earlier version; close it and try again. */
export type Applied = 'applied' | 'other-tabs';

export interface OfflineEvents {
  /** From now on the page opens without a network. */
  ready?(): void;
  /** A new version of the page is there. `apply` reloads the page into it, unless other tabs are in the way. */
  newVersion?(apply: () => Promise<Applied>): void;
}

/** Keeps the page for visits without a network; whether this browser can. The development server keeps nothing. */
export async function keepOffline(events: OfflineEvents = {}, production = import.meta.env.PROD): Promise<boolean> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!container) return false;
  try {
    if (!production) {
      await (await container.getRegistration(document.baseURI))?.unregister();
      return false;
    }
    const worker = new URL('sw.js', document.baseURI).href;
    const scope = new URL('.', document.baseURI).href;
    const registration = await container.register(worker, { scope, updateViaCache: 'none' });
    follow(registration, container, events);
    return true;
  } catch {
    // The browser forbids it, or the first download broke off: the page works as without.
    return false;
  }
}

function follow(registration: ServiceWorkerRegistration, container: ServiceWorkerContainer, events: OfflineEvents): void {
  // Without a controller the page came from the network: what gets ready is its first version.
  const isUpdate = container.controller !== null;
  const tell = (waiting: ServiceWorker) => events.newVersion?.(() => apply(waiting, container));
  const watch = (installing: ServiceWorker) =>
    installing.addEventListener('statechange', () => {
      if (installing.state === 'installed' && isUpdate) tell(installing);
      if (installing.state === 'activated' && !isUpdate) events.ready?.();
    });
  if (registration.waiting && isUpdate) tell(registration.waiting);
  if (registration.installing) watch(registration.installing);
  else if (registration.active) events.ready?.();
  registration.addEventListener('updatefound', () => registration.installing && watch(registration.installing));
}

async function apply(waiting: ServiceWorker, container: ServiceWorkerContainer): Promise<Applied> {
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise<Applied>((resolve) => (port1.onmessage = ({ data }) => resolve(data as Applied)));
  const reload = () => location.reload();
  container.addEventListener('controllerchange', reload, { once: true });
  waiting.postMessage({ kind: 'apply' }, [port2]);
  const applied = await answer;
  port1.close();
  if (applied !== 'applied') container.removeEventListener('controllerchange', reload);
  return applied;
}
