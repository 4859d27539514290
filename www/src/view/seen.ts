// The picture as the model reads it, in a corner of the stage.

import type { Seen } from '../engine/messages.ts';
import { putOn } from '../picture/picture.ts';
import type { Context } from '../session/context.ts';
import { byId, make, makeButton, setLabel, setPressed } from '../ui/dom.ts';
import { sentence } from '../ui/format.ts';
import { inWords, say } from '../ui/words.ts';
import { icon } from '../ui/icons.ts';

export class SeenCorner {
  readonly button = makeButton({ class: 'icon', 'data-testid': 'see', 'aria-pressed': 'false' }, icon('see'), () => void this.#toggle());
  readonly #context: Context;
  readonly #canvas = make('canvas', { role: 'img', 'data-testid': 'seen' });
  readonly #caption = make('figcaption', { 'data-testid': 'seen-notes' });
  readonly #close = makeButton({ class: 'icon' }, icon('close'), () => this.#hide());
  readonly #figure = make('figure', { class: 'seen', hidden: true }, this.#canvas, this.#caption, this.#close);
  #shown: Seen | undefined;

  constructor(context: Context) {
    this.#context = context;
    byId('stage').append(this.#figure);
    // The engine is there with the first mask.
    context.session.watch(({ run }) => run, () => this.#offer());
    context.session.watch(({ picture }) => picture, () => this.#hide());
    inWords(() => {
      setLabel(this.#canvas, say('seeButton'));
      setLabel(this.#close, say('seeClose'));
      this.#offer();
      this.#describe();
    });
  }

  #offer(): void {
    this.button.disabled = !this.#context.engine || !this.#context.session.picture;
    const label = say(this.button.disabled ? 'seeFirst' : 'seeButton');
    setLabel(this.button, label, label);
  }

  #hide(): void {
    this.#figure.hidden = true;
    setPressed(this.button, false);
  }

  async #toggle(): Promise<void> {
    if (!this.#figure.hidden) return this.#hide();
    const { engine, session } = this.#context;
    const { picture } = session;
    if (!engine || !picture) return;
    try {
      const seen = await engine.call('see', picture.bytes, picture.name);
      if (session.picture !== picture) return;
      this.#draw(seen);
    } catch (error) {
      this.#context.notifyError(error);
    }
  }

  #draw(seen: Seen): void {
    const { side, rgba } = seen;
    putOn(this.#canvas, { width: side, height: side, rgba });
    this.#shown = seen;
    this.#describe();
    this.#figure.hidden = false;
    setPressed(this.button, true);
  }

  #describe(): void {
    if (!this.#shown) return;
    const { side, notes } = this.#shown;
    this.#caption.replaceChildren(
      make('strong', {}, say('seeButton')),
      make('span', {}, [`${say('seeSize', side)}.`, ...notes.map(sentence)].join(' ')),
    );
  }
}
