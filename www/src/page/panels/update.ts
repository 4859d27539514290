// Tells that the page opens without a network, and offers a new version of it.

import type { Applied, OfflineEvents } from '../../offline/register.ts';
import { byId } from '../../ui/dom.ts';
import { say } from '../../ui/words.ts';

export const offlineEvents: OfflineEvents = {
  ready: () => (byId('offline-note').hidden = false),
  newVersion(apply: () => Promise<Applied>) {
    byId('update').hidden = false;
    byId('update-text').textContent = say('newVersion');
    byId('apply-update').onclick = async () => {
      if ((await apply()) === 'other-tabs') byId('update-text').textContent = say('otherTabs');
    };
  },
};
