// The example pictures, each with sentences of which one is wrong on purpose.

import { make, makeButton, setPressed } from '../ui/dom.ts';
import { say } from '../ui/words.ts';

export type SentenceKind = 'full' | 'one_side' | 'one_zone' | 'absent' | 'wrong';

export interface Sentence {
  text: string;
  /** Mask file beside the picture; missing where no ground truth fits the sentence. */
  truth?: string | null;
  kind: SentenceKind;
}

export interface GalleryItem {
  id: string;
  image: string;
  sentences: Sentence[];
}

const KIND_NAMES = {
  full: 'kindFull',
  one_side: 'kindOneSide',
  one_zone: 'kindOneZone',
  absent: 'kindAbsent',
  wrong: 'kindWrong',
} as const;

/** Fills `list` with one button per picture; `choose` is called on click. */
export function renderGallery(
  list: HTMLElement,
  items: readonly GalleryItem[],
  imageUrl: (item: GalleryItem) => string,
  choose: (item: GalleryItem) => void,
): void {
  const buttons = items.map((item, index) => {
    const image = make('img', { src: imageUrl(item), alt: say('example', index + 1), loading: 'lazy', decoding: 'async' });
    const attributes = { class: 'thumb', 'data-testid': 'gallery-item', 'data-id': item.id, 'aria-pressed': 'false' };
    return makeButton(attributes, image, () => choose(item));
  });
  fill(list, buttons);
}

function fill(list: HTMLElement, buttons: readonly HTMLElement[]): void {
  list.replaceChildren(...buttons.map((button) => make('li', {}, button)));
}

export function markChosen(list: HTMLElement, id: string | undefined): void {
  for (const button of list.querySelectorAll<HTMLButtonElement>('.thumb')) {
    setPressed(button, button.dataset.id === id);
  }
}

/** Fills `list` with one chip per sentence; `choose` is called on click. */
export function renderSentences(
  list: HTMLElement,
  sentences: readonly Sentence[],
  choose: (sentence: Sentence) => void,
): void {
  const chips = sentences.map((sentence) => {
    const { kind, text } = sentence;
    const attributes = { class: 'chip', 'data-testid': 'sentence', 'data-kind': kind, value: text };
    const chip = makeButton(attributes, make('span', { class: 'kind' }, say(KIND_NAMES[kind])), () => choose(sentence));
    chip.append(text);
    return chip;
  });
  fill(list, chips);
}

/** Fits any chest picture: nobody has to speak as the data sets do. */
export const OWN_WORDS = [
  'left lung',
  'infection in both lungs',
  'opacity at the right base',
  'haze in both lower zones',
  'outline of both lungs',
  'no pneumonia',
];

/** Fills `list` with one small chip per wording; `choose` is called on click. */
export function renderOwnWords(list: HTMLElement, wordings: readonly string[], choose: (text: string) => void): void {
  fill(list, wordings.map((text) => makeButton({ class: 'wording', 'data-testid': 'own-words', value: text }, text, () => choose(text))));
}

/** Marks the chip whose sentence is in the prompt. */
export function markSentence(list: HTMLElement, text: string): void {
  for (const chip of list.querySelectorAll('button')) {
    setPressed(chip, chip.value === text.trim());
  }
}
