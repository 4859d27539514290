// Files of several frames: a slider and keys. Each frame is a picture of its own for the model.

import { openFrame } from '../picture/picture.ts';
import type { Context } from '../session/context.ts';
import { make, makeButton, setLabel } from '../ui/dom.ts';
import { addShortcuts } from '../ui/keys.ts';
import { inWords, say } from '../ui/words.ts';
import { icon } from '../ui/icons.ts';
import { latest } from './latest.ts';

export class Frames {
  readonly root = make('div', { class: 'frames', hidden: true, 'data-testid': 'frames' });
  readonly #context: Context;
  readonly #slider = make('input', { type: 'range', min: 1, value: 1, id: 'frame-slider', 'data-testid': 'frame-slider' });
  readonly #label = make('label', { for: 'frame-slider', class: 'label' });
  readonly #count = make('output', { for: 'frame-slider', 'data-testid': 'frame-count' });
  readonly #back = makeButton({ class: 'icon', 'data-testid': 'frame-back' }, icon('before'), () => this.#step(-1));
  readonly #on = makeButton({ class: 'icon', 'data-testid': 'frame-on' }, icon('after'), () => this.#step(1));
  readonly #go = latest((frame: number) => this.#open(frame));

  constructor(context: Context) {
    this.#context = context;
    this.root.append(this.#label, this.#back, this.#slider, this.#on, this.#count);
    this.#slider.addEventListener('input', () => this.#ask(this.#slider.valueAsNumber - 1));
    addShortcuts(
      { key: 'PageUp', what: 'frameBack', press: () => this.#step(-1) },
      { key: 'PageDown', what: 'frameOn', press: () => this.#step(1) },
    );
    context.session.watch(({ picture }) => picture, () => this.#show());
    inWords(() => {
      this.#label.textContent = say('frame');
      this.root.title = say('frameNote');
      setLabel(this.#back, say('frameBack'));
      setLabel(this.#on, say('frameOn'));
      this.#show();
    });
  }

  get #frames(): number {
    return this.#context.session.picture?.study?.info.frames ?? 1;
  }

  #step(by: number): void {
    if (this.#frames > 1) this.#ask(Math.min(this.#frames, Math.max(1, this.#slider.valueAsNumber + by)) - 1);
  }

  #ask(frame: number): void {
    this.#slider.value = String(frame + 1);
    this.#count.textContent = say('frameOf', frame + 1, this.#frames);
    this.#go(frame);
  }

  async #open(frame: number): Promise<void> {
    const { session, actions } = this.#context;
    const before = session.picture;
    if (!before?.study || before.frame === frame) return;
    try {
      const picture = await openFrame(before.study, before.name, frame);
      if (session.picture === before) actions.openPicture(picture);
      else picture.bitmap.close();
    } catch (error) {
      if (session.picture !== before) return;
      this.#context.notifyError(error);
      this.#show();
    }
  }

  #show(): void {
    const frames = this.#frames;
    const frame = (this.#context.session.picture?.frame ?? 0) + 1;
    this.root.hidden = frames <= 1;
    this.#slider.max = String(frames);
    this.#slider.value = String(frame);
    this.#count.textContent = say('frameOf', frame, frames);
    this.#back.disabled = frame <= 1;
    this.#on.disabled = frame >= frames;
  }
}
