// The corner of the page: tabs, language, light or dark, and the list of shortcuts.

import { byId, fillPairs, settings } from '../../ui/dom.ts';
import { addShortcuts, listShortcuts } from '../../ui/keys.ts';
import { currentLanguage, inWords, preferredLanguage, setLanguage, translate } from '../../ui/words.ts';

type Tab = 'segment' | 'learn';

/** Sets language and theme, and connects what changes them. */
export function connectCorner(): void {
  const theme = settings.get('theme');
  if (theme) document.documentElement.dataset.theme = theme;
  byId('theme').addEventListener('click', () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === 'dark';
    const next = dark ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    settings.set('theme', next);
  });
  if (!theme) followSystem();

  setLanguage(preferredLanguage(settings.get('language'), navigator.language));
  byId('language').addEventListener('click', () => {
    const next = currentLanguage() === 'en' ? 'de' : 'en';
    settings.set('language', next);
    setLanguage(next);
  });
  inWords(() => {
    document.documentElement.lang = currentLanguage();
    translate(document);
  });

  const shortcuts = byId<HTMLDialogElement>('shortcuts');
  const openShortcuts = () => {
    fillPairs(byId('shortcut-list'), listShortcuts().map(({ key, what }) => [what, key]));
    shortcuts.showModal();
  };
  byId('open-shortcuts').addEventListener('click', openShortcuts);
  addShortcuts({ key: '?', what: 'shortcuts', press: openShortcuts });

  const select = (tab: Tab) => {
    document.body.dataset.tab = tab;
    for (const name of ['segment', 'learn'] as const) {
      byId(`tab-${name}`).toggleAttribute('aria-current', name === tab);
      if (name === tab) byId(`tab-${name}`).setAttribute('aria-current', 'page');
    }
  };
  for (const name of ['segment', 'learn'] as const) byId(`tab-${name}`).addEventListener('click', () => select(name));
  addShortcuts(
    { key: '1', what: 'segmentTab', press: () => select('segment') },
    { key: '2', what: 'learnTab', press: () => select('learn') },
  );
}

/** Without a choice of the user the page is as light or dark as the system. */
function followSystem(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => {
    if (!settings.get('theme')) document.documentElement.dataset.theme = dark.matches ? 'dark' : 'light';
  };
  dark.addEventListener('change', follow);
  follow();
}
