// Keyboard shortcuts: one list, which the dialog of shortcuts shows.

import { say, type Key } from './words.ts';

export interface Shortcut {
  /** As `KeyboardEvent.key` names it; with `ctrl+` and `shift+` in front where they belong to it. */
  key: string;
  /** What it does. */
  what: Key;
  press(event: KeyboardEvent): void;
}

const shortcuts: Shortcut[] = [];

export function addShortcuts(...more: Shortcut[]): void {
  shortcuts.push(...more);
}

/** What there is to press, for people. */
export function listShortcuts(): { key: string; what: string }[] {
  return shortcuts.map(({ key, what }) => ({ key: shown(key), what: say(what) }));
}

const NAMES: Record<string, string> = {
  ' ': 'Space', ctrl: 'Ctrl', shift: 'Shift', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', PageUp: 'PgUp', PageDown: 'PgDn', Escape: 'Esc',
};

/** As it stands on the keyboard. */
function shown(key: string): string {
  const parts = key === '+' ? [key] : key.split('+').map((part) => part || '+');
  return parts.map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(' + ');
}

/** Listens to the whole page. Letters that are typed somewhere are no shortcuts. */
export function connectShortcuts(): void {
  document.addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    const typing = isTyping(target);
    if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return;
    const name = nameOf(event);
    if (typing && !name.startsWith('ctrl+')) return;
    if (typing && /^ctrl\+(shift\+)?z$/.test(name)) return;
    // Enter and Space press the button that has the focus.
    if (target.closest('button, summary, a, [role=slider]') && (name === 'Enter' || name === ' ')) return;
    const shortcut = shortcuts.find(({ key }) => key.toLowerCase() === name.toLowerCase());
    if (!shortcut) return;
    event.preventDefault();
    shortcut.press(event);
  });
}

/** Whether keys that are pressed there write something. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select') !== null;
}

/** Steps to the right and down, by the key. */
export const ARROWS: Record<string, readonly [right: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function nameOf(event: KeyboardEvent): string {
  const { key, shiftKey, ctrlKey, metaKey } = event;
  const shift = shiftKey && (key.length > 1 || /[a-z]/i.test(key)) ? 'shift+' : '';
  return `${ctrlKey || metaKey ? 'ctrl+' : ''}${shift}${key}`;
}
