// The line in a corner of the stage: pixel, value and millimetres under the pointer; the window while it is dragged.

import type { Context } from '../session/context.ts';
import { byId, make } from '../ui/dom.ts';
import type { Display } from './display.ts';
import { latest } from './latest.ts';
import { millimetres, pixelAt, valueText, type Pixel } from './readout.ts';

export class Hud {
  readonly #display: Display;
  readonly #pixel = make('span', { class: 'hud pixel', 'data-testid': 'pixel', hidden: true });
  readonly #window = make('span', { class: 'hud window', 'data-testid': 'window-figures', hidden: true });
  #pointer: PointerEvent | undefined;
  readonly #read: (event: PointerEvent | undefined) => void;

  constructor({ session, tools }: Context, display: Display) {
    this.#display = display;
    byId('corners').append(this.#pixel, this.#window);
    const canvas = byId('mask-canvas');
    this.#read = latest(async (event: PointerEvent | undefined) => {
      // At most once a frame.
      await new Promise(requestAnimationFrame);
      await this.#show(event && display.picture && pixelAt(display.picture, tools.at(event)));
    });
    for (const kind of ['pointermove', 'pointerleave'] as const) {
      canvas.addEventListener(kind, (event) => {
        this.#pointer = kind === 'pointermove' ? event : undefined;
        this.refresh();
      });
    }
    session.watch(({ picture }) => picture, () => this.refresh());
  }

  /** Reads again what is under the pointer: the picture has moved below it. */
  refresh(): void {
    this.#read(this.#pointer);
  }

  /** Shows what the window is, or nothing. */
  showWindow(text: string | undefined): void {
    this.#window.hidden = text === undefined;
    this.#window.textContent = text ?? '';
  }

  async #show(pixel: Pixel | undefined): Promise<void> {
    if (!pixel) this.#pixel.hidden = true;
    const { picture } = this.#display;
    if (!pixel || !picture) return;
    const place = `x ${pixel.x}  y ${pixel.y}`;
    // A picture that is gone by now has no values any more.
    const values = await this.#display.value(pixel).catch(() => []);
    if (!this.#pointer || picture !== this.#display.picture) return;
    const value = valueText(values, picture.study?.info.modality ?? null);
    const size = picture.spacing && millimetres(pixel, picture.spacing);
    this.#pixel.hidden = false;
    this.#pixel.textContent = [place, value, size].filter(Boolean).join('  ·  ');
  }
}
