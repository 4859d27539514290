// Holding H takes everything off the picture.

import type { Context } from '../session/context.ts';
import { addShortcuts } from '../ui/keys.ts';

export function connectPeek({ viewer }: Context): void {
  const hide = (hidden: boolean) => {
    if (viewer.hidden === hidden) return;
    viewer.hidden = hidden;
    viewer.redraw();
  };
  addShortcuts({ key: 'h', what: 'peek', press: () => hide(true) });
  document.addEventListener('keyup', ({ key }) => {
    if (key.toLowerCase() === 'h') hide(false);
  });
  // A key that is released elsewhere is not heard.
  window.addEventListener('blur', () => hide(false));
}
