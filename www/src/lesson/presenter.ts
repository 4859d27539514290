// Presenter mode: the picture and a sentence, large, for a class; everything by keyboard.

import type { Context } from '../session/context.ts';
import { byId, make, makeButton, setLabel, setPressed } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import { addShortcuts, isTyping } from '../ui/keys.ts';
import { inWords, say, type Key } from '../ui/words.ts';

/** What the line at the bottom says. */
const KEYS: readonly (readonly [key: string, what: Key])[] = [
  ['Enter', 'segment'],
  ['S', 'otherSentence'],
  ['N', 'otherPicture'],
  ['Space', 'playPause'],
  ['← →', 'stepTokens'],
  ['O', 'overlay'],
  ['T', 'tour'],
  ['P', 'presentEnd'],
];

export function connectPresenter(context: Context, startTour: () => void): void {
  const button = makeButton({ class: 'icon', id: 'present', 'data-testid': 'present', 'aria-pressed': 'false' }, icon('screen'), () => toggle());
  byId('open-shortcuts').before(button);
  const keys = make('ul');
  const line = make('footer', { class: 'presenter-keys', 'data-testid': 'presenter-keys', hidden: true }, keys);
  document.body.append(line);
  const isOn = () => document.body.dataset.presenting !== undefined;

  const toggle = () => {
    const on = !isOn();
    if (on) document.body.dataset.presenting = '';
    else delete document.body.dataset.presenting;
    line.hidden = !on;
    setPressed(button, on);
    // Where the browser allows no full screen, the window has to do.
    if (on) void document.documentElement.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) void document.exitFullscreen().catch(() => {});
    // Keys are for the page, not for the control that had the focus.
    if (on && document.activeElement instanceof HTMLElement) document.activeElement.blur();
    scrollTo({ top: 0 });
  };
  // The browser's own way out of the full screen is one out of presenting too.
  let wasFull = false;
  document.addEventListener('fullscreenchange', () => {
    const isFull = document.fullscreenElement !== null;
    if (wasFull && !isFull && isOn()) toggle();
    wasFull = isFull;
  });
  document.addEventListener('keydown', (event) => {
    if (!isOn() || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || isTyping(event.target) || document.querySelector('dialog[open]')) return;
    if (!act(context, event.key, toggle)) return;
    event.preventDefault();
    event.stopPropagation();
  }, { capture: true });
  addShortcuts({ key: 'p', what: 'present', press: toggle }, { key: 't', what: 'tour', press: startTour });
  inWords(() => {
    setLabel(button, say('present'), `${say('present')} (P)`);
    keys.replaceChildren(...KEYS.map(([key, what]) => make('li', {}, make('kbd', {}, key), ` ${say(what)}`)));
  });
}

/** Does what a key means while presenting, beside the shortcuts of the page; whether it means anything. */
function act(context: Context, key: string, toggle: () => void): boolean {
  // The tour has the arrow keys and Escape to itself.
  const touring = document.body.dataset.touring !== undefined;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowRight':
      if (touring) return false;
      press(key === 'ArrowLeft' ? '[data-testid=step-back]' : '[data-testid=step-on]');
      return true;
    case 'Escape':
      // While something is decoded, Escape stops that.
      if (touring || context.session.live) return false;
      toggle();
      return true;
    case 's':
      sayNext(context);
      return true;
    case 'n':
      following('#gallery button')?.click();
      return true;
    case 'o':
      nextOverlay();
      return true;
    default:
      return false;
  }
}

function press(selector: string): void {
  document.querySelector<HTMLButtonElement>(selector)?.click();
}

/** The button after the one that is pressed. */
function following(selector: string): HTMLButtonElement | undefined {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>(selector)];
  const at = buttons.findIndex((button) => button.getAttribute('aria-pressed') === 'true');
  return buttons[(at + 1) % buttons.length];
}

/** The next sentence of the picture; decoded at once where a model runs, else nothing may be downloaded for it. */
function sayNext({ actions, engine }: Context): void {
  const button = following('#sentences button');
  if (engine) button?.click();
  else if (button) actions.say(button.value);
}

function nextOverlay(): void {
  const radios = [...document.querySelectorAll<HTMLInputElement>('input[name="overlay"]')];
  radios[(radios.findIndex(({ checked }) => checked) + 1) % radios.length]?.click();
}
