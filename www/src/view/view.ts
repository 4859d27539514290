// Looking at the picture: connects window and level, zoom, pixel values and frames.

import type { Context } from '../session/context.ts';
import { byId, make, makeButton, setLabel, setPressed } from '../ui/dom.ts';
import { addShortcuts } from '../ui/keys.ts';
import { inWords, say, type Key } from '../ui/words.ts';
import { Display } from './display.ts';
import { Frames } from './frames.ts';
import { Hud } from './hud.ts';
import { icon, type Icon } from '../ui/icons.ts';
import { showLetters, sideNote } from './letters.ts';
import { SeenCorner } from './seen.ts';
import { WindowControls } from './window-controls.ts';
import { Zooming } from './zooming.ts';

export function connectView(context: Context): void {
  const display = new Display(context);
  const zooming = new Zooming(context, display);
  const hud = new Hud(context, display);
  zooming.onChange(() => hud.refresh());
  const windows = new WindowControls(context, display, hud);
  const seen = new SeenCorner(context);
  const frames = new Frames(context);
  for (const tool of [windows.tool, zooming.pan]) context.tools.add(tool);

  const reset = () => {
    windows.reset();
    zooming.fit();
  };
  const bar = byId('toolbar');
  bar.append(
    group(...toolButtons(context)),
    group(windows.select, windows.invert),
    group(...zoomButtons(zooming, reset)),
    group(seen.button),
  );
  bar.after(frames.root);
  inWords(() => {
    setLabel(bar, say('viewTools'));
    label(windows.invert, 'invert');
  });
  connectNotes(context, display);
}

const TOOLS: readonly { name: Icon; key: string; what: Key }[] = [
  { name: 'read', key: 'v', what: 'toolRead' },
  { name: 'window', key: 'w', what: 'toolWindow' },
  { name: 'pan', key: 'm', what: 'toolPan' },
];

function toolButtons({ tools }: Context): HTMLElement[] {
  const buttons = TOOLS.map(({ name, key, what }) => {
    const select = () => tools.select(name);
    const button = makeButton({ class: 'icon', 'data-testid': `tool-${name}` }, icon(name), select);
    addShortcuts({ key, what, press: select });
    inWords(() => label(button, what, key));
    return button;
  });
  const show = (current: string) => {
    buttons.forEach((button, i) => setPressed(button, TOOLS[i]!.name === current));
  };
  show(tools.current);
  tools.onSelect(show);
  return buttons;
}

function zoomButtons(zooming: Zooming, reset: () => void): HTMLElement[] {
  const further = makeButton({ class: 'icon', 'data-testid': 'zoom-out' }, icon('further'), () => zooming.further());
  const scale = makeButton({ class: 'quiet scale', 'data-testid': 'zoom-fit' }, '', () => zooming.fit());
  const closer = makeButton({ class: 'icon', 'data-testid': 'zoom-in' }, icon('closer'), () => zooming.closer());
  const start = makeButton({ class: 'icon', 'data-testid': 'reset-view' }, icon('reset'), reset);
  const show = () => {
    scale.textContent = `${Math.round(zooming.scale * 100)} %`;
    further.disabled = zooming.scale === 1;
  };
  zooming.onChange(show);
  inWords(() => {
    label(further, 'zoomOut', '-');
    label(closer, 'zoomIn', '+');
    label(start, 'resetView');
    scale.title = `${say('zoomFit')} (0)`;
    show();
  });
  return [further, scale, closer, start];
}

/** Letters at the edges, and one line about what is shown. */
function connectNotes({ session }: Context, display: Display): void {
  const note = make('p', { class: 'fine', id: 'view-note', 'data-testid': 'view-note', role: 'status' });
  byId('picture-notes').before(note);
  const show = () => {
    const { picture } = session;
    const edges = picture?.study?.info.orientation ?? undefined;
    showLetters(edges);
    const side = sideNote(edges);
    const window: Key | undefined = display.look && (picture?.study ? 'windowNote' : 'windowNotePicture');
    const keys: Key[] = [side, window].filter((key) => key !== undefined);
    note.textContent = keys.map((key) => say(key)).join(' ');
  };
  display.onChange(show);
  inWords(show);
}

function group(...content: HTMLElement[]): HTMLElement {
  return make('div', { class: 'tool-group' }, ...content);
}

function label(button: HTMLElement, what: Key, key?: string): void {
  setLabel(button, say(what), key ? `${say(what)} (${key.toUpperCase()})` : say(what));
}
