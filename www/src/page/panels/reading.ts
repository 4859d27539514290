// The lines below the sentence: how it is understood, while it is typed and when it is decoded, and how the model reads
// it where its "left" is not the user's.

import type { EngineClient } from '../../engine/client.ts';
import type { Reading, SideConvention } from '../../engine/messages.ts';
import { byId } from '../../ui/dom.ts';
import { readingLine, sentence } from '../../ui/format.ts';
import { say } from '../../ui/words.ts';

/** Long enough not to read every letter, short enough to seem immediate. */
const PAUSE_MS = 150;

export class ReadingLine {
  readonly #engine: () => EngineClient | undefined;
  readonly #words: () => SideConvention;
  readonly #prompt = byId<HTMLTextAreaElement>('prompt');
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts readings, so that a late answer never replaces a newer one. */
  #turn = 0;

  constructor(engine: () => EngineClient | undefined, words: () => SideConvention) {
    this.#engine = engine;
    this.#words = words;
    this.#prompt.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.refresh(), PAUSE_MS);
    });
  }

  /** Reads the sentence anew: it was replaced, or the engine or the convention was. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    const text = this.#prompt.value;
    const engine = text.trim() === '' ? undefined : this.#engine();
    const rewritten = await engine?.call('inConvention', text, this.#words()).catch(() => undefined);
    const asked = rewritten?.text ?? text;
    // Of the user's own words: the sides in them are the user's.
    const reading = await engine?.call('read', text).catch(() => undefined);
    if (turn !== this.#turn) return;
    show(reading);
    showRewritten(rewritten?.changed ? asked : undefined);
  }

  /** Shows the reading of `text` that came with its decoding, unless another sentence stands there by now. */
  show(text: string, asked: string, reading: Reading | undefined): void {
    if (text !== this.#prompt.value) return;
    clearTimeout(this.#timer);
    this.#turn++;
    show(reading);
    showRewritten(asked === text ? undefined : asked);
  }
}

function show(reading: Reading | undefined): void {
  const line = byId('reading-line');
  const hint = byId('reading-hint');
  line.textContent = reading ? readingLine(reading.readAs) : '';
  hint.hidden = !reading?.hint;
  // Rewriting the same text would be announced again.
  const text = reading?.hint ? sentence(reading.hint) : '';
  if (hint.textContent !== text) hint.textContent = text;
}

function showRewritten(asked: string | undefined): void {
  byId('rewritten').textContent = asked === undefined ? '' : say('rewritten', asked);
}
