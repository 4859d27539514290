// The frame of a panel: a title, one plain sentence, and where to read more.

import { make } from '../ui/dom.ts';
import { inWords, say, type Key } from '../ui/words.ts';

export const PAPER = 'https://arxiv.org/abs/2511.05044';

export interface PanelWords {
  title: Key;
  /** One sentence: what the drawing shows. */
  what: Key;
  /** Which part of paper and method it is. */
  source?: Key;
}

/** A card of this part. */
export function panel(name: string, { title, what, source }: PanelWords, ...content: Node[]): HTMLElement {
  const heading = make('h2', { id: `learn-${name}-title` });
  const sentence = make('span');
  const link = make('a', { href: PAPER, target: '_blank', rel: 'noreferrer' });
  inWords(() => {
    heading.textContent = say(title);
    sentence.textContent = `${say(what)} `;
    link.textContent = source ? say(source) : '';
  });
  const explained = make('p', { class: 'explain' }, sentence, ...(source ? [link] : []));
  return make('section', { class: `card learn-${name}`, 'aria-labelledby': heading.id }, heading, explained, ...content);
}
