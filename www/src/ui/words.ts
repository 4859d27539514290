// The texts of the page in English and German. The model reads English, and so do the messages of the engine.

import { FILE_WORDS, fill } from '../picture/refusal.ts';
import { setLabel } from './dom.ts';
import { CLINIC } from './words/clinic.ts';
import { LEARN } from './words/learn.ts';
import { LESSON } from './words/lesson.ts';
import { PAGE } from './words/page.ts';
import { VIEW } from './words/view.ts';

export type Language = 'en' | 'de';

const WORDS = { ...FILE_WORDS, ...PAGE, ...VIEW, ...CLINIC, ...LEARN, ...LESSON };
export type Key = keyof typeof WORDS;

let language: Language = 'en';
const listeners: (() => void)[] = [];

/** The text of `key`, with `values` in the places of {0}, {1}, … */
export function say(key: Key, ...values: (string | number)[]): string {
  return fill(WORDS[key][language === 'en' ? 0 : 1], values);
}

export function currentLanguage(): Language {
  return language;
}

/** The language of the browser, or the one that was chosen. */
export function preferredLanguage(stored: string | null, browser: string): Language {
  if (stored === 'en' || stored === 'de') return stored;
  return browser.toLowerCase().startsWith('de') ? 'de' : 'en';
}

export function setLanguage(chosen: Language): void {
  language = chosen;
  for (const listener of listeners) listener();
}

/** Calls `draw` now and whenever the language changes. */
export function inWords(draw: () => void): void {
  listeners.push(draw);
  draw();
}

/** Fills elements that name their text: `data-say` the content, `data-say-label` and `data-say-title` the attributes. */
export function translate(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>('[data-say]')) {
    element.textContent = say(element.dataset.say as Key);
  }
  for (const element of root.querySelectorAll<HTMLElement>('[data-say-label]')) {
    setLabel(element, say(element.dataset.sayLabel as Key));
  }
  for (const element of root.querySelectorAll<HTMLElement>('[data-say-title]')) {
    element.title = say(element.dataset.sayTitle as Key);
  }
}
