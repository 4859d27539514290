// Undo and redo: buttons that say what they take back. The sentence of the state comes back with it.

import type { Context } from '../session/context.ts';
import { makeButton, setLabel } from '../ui/dom.ts';
import { addShortcuts } from '../ui/keys.ts';
import { inWords, say } from '../ui/words.ts';
import { icon } from '../ui/icons.ts';

export function makeUndo({ session, actions }: Context): HTMLElement[] {
  const go = (step: () => void) => {
    if (session.live) return;
    step();
    if (session.active) actions.say(session.active.run.prompt);
  };
  const undo = () => go(() => session.undo());
  const redo = () => go(() => session.redo());
  const back = makeButton({ class: 'icon', 'data-testid': 'undo' }, icon('undo'), undo);
  const on = makeButton({ class: 'icon', 'data-testid': 'redo' }, icon('redo'), redo);
  addShortcuts(
    { key: 'ctrl+z', what: 'undoShort', press: undo },
    { key: 'ctrl+shift+z', what: 'redoShort', press: redo },
    { key: 'ctrl+y', what: 'redoShort', press: redo },
  );
  const dress = (button: HTMLButtonElement, label: string | undefined, some: 'undo' | 'redo', none: 'undoNothing' | 'redoNothing') => {
    button.disabled = label === undefined || session.live !== undefined;
    button.title = label === undefined ? say(none) : say(some, label);
    setLabel(button, button.title);
  };
  const show = () => {
    dress(back, session.undoLabel, 'undo', 'undoNothing');
    dress(on, session.redoLabel, 'redo', 'redoNothing');
  };
  // Also where the document is the same: a stroke that was undone and made anew.
  session.watch(({ document }) => document, show);
  session.watch(({ live }) => live !== undefined, show);
  inWords(show);
  return [back, on];
}
