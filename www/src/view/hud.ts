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
  #over: Pixel | undefined;

  constructor({ tools }: Context, display: Display) {
    this.#display = display;
    byId('corners').append(this.#pixel, this.#window);
    const canvas = byId('mask-canvas');
    const read = latest(async (event: PointerEvent) => {
      // At most once a frame.
      await new Promise(requestAnimationFrame);
      await this.#read(display.picture && pixelAt(display.picture, tools.at(event)));
    });
    canvas.addEventListener('pointermove', (event) => {
      this.#over = undefined;
      read(event);
    });
    canvas.addEventListener('pointerleave', () => {
      this.#over = undefined;
      this.#pixel.hidden = true;
      // One that is still being read comes too late.
      read(new PointerEvent('pointermove', { clientX: -1e6, clientY: -1e6 }));
    });
  }

  /** Shows what the window is, or nothing. */
  showWindow(text: string | undefined): void {
    this.#window.hidden = text === undefined;
    this.#window.textContent = text ?? '';
  }

  async #read(pixel: Pixel | undefined): Promise<void> {
    this.#over = pixel;
    this.#pixel.hidden = !pixel;
    const { picture } = this.#display;
    if (!pixel || !picture) return;
    const place = `x ${pixel.x}  y ${pixel.y}`;
    // A picture that is gone by now has no values any more.
    const values = await this.#display.value(pixel).catch(() => []);
    if (this.#over !== pixel || picture !== this.#display.picture) return;
    const value = valueText(values, picture.study?.info.modality ?? null);
    const size = picture.spacing && millimetres(pixel, picture.spacing);
    this.#pixel.textContent = [place, value, size].filter(Boolean).join('  ·  ');
  }
}
