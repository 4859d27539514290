// Window and level: the tool, the presets, inversion and reset.

import type { Tool } from '../draw/tools.ts';
import type { StudyInfo, WindowSetting } from '../imaging/messages.ts';
import type { Context } from '../session/context.ts';
import { make, makeButton, setLabel, setPressed } from '../ui/dom.ts';
import { addShortcuts } from '../ui/keys.ts';
import { inWords, say, type Key } from '../ui/words.ts';
import type { Display } from './display.ts';
import type { Hud } from './hud.ts';
import { icon } from '../ui/icons.ts';
import { dragWindow, figure, fullRange, lookOf, ownWindow, presets, sameWindow, type Preset } from './windowing.ts';

const NAMES: Record<string, Key> = {
  file: 'windowFile',
  full: 'windowFull',
  auto: 'automatic',
  lung: 'windowLung',
  mediastinum: 'windowMediastinum',
  bone: 'windowBone',
  own: 'windowOwn',
};

/** CSS pixels of a drag that one press of a key is worth. */
const NUDGE = 16;
/** The figures stay so long after a key. */
const FADE_MS = 1200;

export class WindowControls {
  readonly tool: Tool;
  readonly select = make('select', { id: 'window-preset', 'data-testid': 'window-preset' });
  readonly invert = makeButton({ class: 'icon', 'data-testid': 'invert', 'aria-pressed': 'false' }, icon('invert'), () => void this.#invert());
  readonly #context: Context;
  readonly #display: Display;
  readonly #hud: Hud;
  /** Which one was chosen, or `own` for a window made by dragging. */
  #chosen = 'file';
  #fade: ReturnType<typeof setTimeout> | undefined;

  constructor(context: Context, display: Display, hud: Hud) {
    this.#context = context;
    this.#display = display;
    this.#hud = hud;
    this.tool = this.#makeTool();
    this.select.addEventListener('change', () => void this.#choose(this.select.value));
    display.onChange(() => this.#show());
    addShortcuts(
      { key: 'i', what: 'invert', press: () => void this.#invert() },
      { key: 'shift+ArrowRight', what: 'windowWider', press: () => void this.#nudge(1, 0) },
      { key: 'shift+ArrowLeft', what: 'windowNarrower', press: () => void this.#nudge(-1, 0) },
      { key: 'shift+ArrowUp', what: 'windowLower', press: () => void this.#nudge(0, -1) },
      { key: 'shift+ArrowDown', what: 'windowHigher', press: () => void this.#nudge(0, 1) },
    );
    inWords(() => this.#show());
  }

  reset(): void {
    this.#chosen = 'file';
    this.#display.show(undefined);
  }

  #makeTool(): Tool {
    let from: { x: number; y: number; window: WindowSetting; info: StudyInfo } | undefined;
    /** Of a press that is still waiting for the module. */
    let press = 0;
    return {
      name: 'window',
      cursor: 'crosshair',
      down: (_, { clientX: x, clientY: y }) => {
        const now = ++press;
        void this.#withInfo((info) => {
          if (now === press) from = { x, y, window: this.#window(info), info };
        });
      },
      drag: (_, { clientX, clientY }) => {
        if (!from) return;
        const { window, info } = from;
        this.#chosen = 'own';
        this.#look(info, dragWindow(window, clientX - from.x, clientY - from.y, dragRange(info)), true);
      },
      up: () => {
        press++;
        from = undefined;
        this.#settle();
      },
    };
  }

  /** The figures go, and the picture is drawn as finely as it can be. */
  #settle(): void {
    this.#hud.showWindow(undefined);
    if (this.#display.look) this.#display.show(this.#display.look);
  }

  async #choose(id: string): Promise<void> {
    this.#chosen = id;
    if (id === 'file' && !this.#display.look?.invert) return this.#display.show(undefined);
    await this.#withInfo(async (info, study) => {
      const preset = presets(info).find((preset) => preset.id === id);
      const frame = this.#display.picture?.frame ?? 0;
      const window = id === 'file' ? ownWindow(info) : (preset?.window ?? (await study.auto(frame)));
      if (this.#chosen === id) this.#look(info, window);
    });
  }

  /** As a drag by some pixels, for the keyboard. */
  async #nudge(right: number, down: number): Promise<void> {
    await this.#withInfo((info) => {
      this.#chosen = 'own';
      this.#look(info, dragWindow(this.#window(info), NUDGE * right, NUDGE * down, dragRange(info)), true);
      clearTimeout(this.#fade);
      this.#fade = setTimeout(() => this.#settle(), FADE_MS);
    });
  }

  async #invert(): Promise<void> {
    await this.#withInfo((info) => {
      this.#display.show(lookOf(info, this.#window(info), !this.#display.look?.invert));
    });
  }

  /** The window that is on screen. */
  #window(info: StudyInfo): WindowSetting {
    return this.#display.look?.window ?? ownWindow(info);
  }

  #look(info: StudyInfo, window: WindowSetting, dragging = false): void {
    if (dragging) this.#hud.showWindow(say('windowFigures', figure(window.centre), figure(window.width)));
    this.#display.show(lookOf(info, window, this.#display.look?.invert ?? false), dragging);
  }

  /** Opens the file in the module where it is not; says what hinders it. */
  async #withInfo(work: (info: StudyInfo, study: NonNullable<Awaited<ReturnType<Display['study']>>>) => void | Promise<void>): Promise<void> {
    try {
      const study = await this.#display.study();
      if (study) await work(study.info, study);
    } catch (error) {
      this.#context.notifyError(error);
      this.#show();
    }
  }

  #show(): void {
    const { look, info, picture } = this.#display;
    if (!look) this.#chosen = 'file';
    const all: Preset[] = presets(info);
    const named = look && all.find(({ window }) => window && sameWindow(window, look.window));
    const chosen = this.#chosen === 'own' && named ? named.id : this.#chosen;
    if (chosen === 'own') all.push({ id: 'own' });
    this.select.replaceChildren(...all.map(({ id, name }) => new Option(nameOf(id, name), id, false, id === chosen)));
    this.select.disabled = !picture;
    setLabel(this.select, say('windowPreset'), say('windowPreset'));
    this.invert.disabled = !picture;
    setPressed(this.invert, look?.invert ?? false);
  }
}

/** What a drag over its whole length changes: all values, of pictures those that they can have. */
function dragRange(info: StudyInfo): number {
  return (info.kind === 'picture' ? ownWindow(info) : fullRange(info)).width;
}

function nameOf(id: string, name: string | undefined): string {
  if (name !== undefined) return id === 'file' ? say('windowFileNamed', name) : name;
  return say(NAMES[id] ?? 'windowFile');
}
