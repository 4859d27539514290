// Attention in words and bars.

import { make } from '../ui/dom.ts';
import { say } from '../ui/words.ts';
import type { Shares, Where } from './heads.ts';

/** A share of 0 to 1 with one digit behind the point, short enough for a column. */
export function percent(share: number): string {
  const number = share > 0 && share < 0.001 ? '<\u00a00.1' : (share * 100).toFixed(1);
  return `${number}\u00a0%`;
}

/** Marks the one of several that is in use. */
export function setCurrent(element: HTMLElement, current: boolean): void {
  if (current) element.setAttribute('aria-current', 'true');
  else element.removeAttribute('aria-current');
}

export function describeWhere({ layer, head }: Where): string {
  if (layer === undefined) return say('learn.ofAll');
  return head === undefined ? say('learn.ofBlock', layer + 1) : say('learn.ofHead', layer + 1, head + 1);
}

const PARTS = [
  ['words', 'learn.words'],
  ['picture', 'learn.pictureCells'],
  ['mask', 'maskSoFar'],
  ['padding', 'learn.padding'],
] as const;

/** How much of the attention goes to each part, as a list of bars. */
export function listShares(list: HTMLElement, shares: Shares | undefined): void {
  list.replaceChildren(
    ...PARTS.map(([part, name]) => {
      const share = shares?.[part] ?? 0;
      const bar = make('span', { class: 'bar', 'aria-hidden': true });
      bar.style.setProperty('--share', String(share));
      const number = make('span', { class: 'number' }, shares ? percent(share) : '');
      return make('li', { 'data-part': part, 'data-share': share }, make('span', {}, say(name)), bar, number);
    }),
  );
}
