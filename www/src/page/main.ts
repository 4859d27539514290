// Entry point: looks at the browser and the build, then hands over to the page.

import type { BundleListing } from '../bundle/bundle.ts';
import { fetchJson } from '../bundle/json.ts';
import { openStore } from '../bundle/store.ts';
import type { EngineListing } from '../engine/engines.ts';
import { probeWebGpu } from '../engine/probe.ts';
import { keepOffline } from '../offline/register.ts';
import { tell } from '../ui/tell.ts';
import { App } from './app.ts';
import { connectCorner } from './panels/corner.ts';
import { offlineEvents } from './panels/update.ts';
import { render, showNotice } from './view.ts';

async function begin(): Promise<void> {
  connectCorner();
  render({ name: 'probe' }, false, false);
  // Recordings need no engine: the page goes on without any model.
  const computes = typeof WebAssembly !== 'undefined' && typeof Worker !== 'undefined';
  const base = new URL('.', document.baseURI).href;
  const probe = probeWebGpu();
  const wrong: string[] = [];
  const note = (error: unknown) => wrong.push(tell(error));
  const [bundles, engines] = await Promise.all([
    computes ? fetchJson<BundleListing[]>('bundles/index.json', base, [], note) : [],
    computes ? fetchJson<EngineListing>('engines.json', base, {}, note) : {},
  ]);
  // Cache Storage exists in secure contexts only.
  const caches = 'caches' in window ? window.caches : undefined;
  await new App({ base, bundles, engines, probe, store: openStore(caches, base) }).begin();
  if (wrong.length > 0) showNotice(wrong.join(' '));
  if (!computes) showNotice('This browser lacks WebAssembly or workers: use a current Chrome, Edge, Firefox or Safari.');
}

void begin().then(() => keepOffline(offlineEvents));
