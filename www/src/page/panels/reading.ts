// The line below the sentence: how it is understood, while it is typed and when it is decoded.

import { byId } from '../dom.ts';
import { ended, sentence } from '../format.ts';
import type { Reading } from '../../engine/messages.ts';

/** Long enough not to read every letter, short enough to seem immediate. */
const PAUSE_MS = 150;

export class ReadingLine {
  readonly #read: (text: string) => Promise<Reading | undefined> | undefined;
  readonly #prompt = byId<HTMLTextAreaElement>('prompt');
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts readings, so that a late answer never replaces a newer one. */
  #turn = 0;

  /** `read` asks the engine, where there is one. */
  constructor(read: (text: string) => Promise<Reading | undefined> | undefined) {
    this.#read = read;
    this.#prompt.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.refresh(), PAUSE_MS);
    });
  }

  /** Reads the sentence anew: it was replaced, or the engine was. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    const text = this.#prompt.value;
    const reading = text.trim() === '' ? undefined : await this.#read(text)?.catch(() => undefined);
    if (turn === this.#turn) show(reading);
  }

  /** Shows the reading of `text` that came with its decoding, unless another sentence stands there by now. */
  show(text: string, reading: Reading | undefined): void {
    if (text !== this.#prompt.value) return;
    clearTimeout(this.#timer);
    this.#turn++;
    show(reading);
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

/** The engine's phrase in a sentence. One that is not understood is decoded all the same: the line never refuses. */
export function readingLine(readAs: string): string {
  return readAs === 'not understood' ? 'Not understood: the model is left to guess.' : `Read as ${ended(readAs)}`;
}
