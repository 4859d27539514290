// The example pictures, each with sentences of which one is wrong on purpose.

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

/** Fills `list` with one button per item, made ready by `dress`; `choose` is called on click. */
function fillButtons<T>(
  list: HTMLElement,
  items: readonly T[],
  choose: (item: T) => void,
  dress: (button: HTMLButtonElement, item: T, index: number) => void,
): void {
  list.replaceChildren(
    ...items.map((item, index) => {
      const button = document.createElement('button');
      button.type = 'button';
      dress(button, item, index);
      button.addEventListener('click', () => choose(item));
      const entry = document.createElement('li');
      entry.append(button);
      return entry;
    }),
  );
}

/** Fills `list` with one button per picture; `choose` is called on click. */
export function renderGallery(
  list: HTMLElement,
  items: readonly GalleryItem[],
  imageUrl: (item: GalleryItem) => string,
  choose: (item: GalleryItem) => void,
): void {
  fillButtons(list, items, choose, (button, item, index) => {
    button.className = 'thumb';
    button.dataset.testid = 'gallery-item';
    button.dataset.id = item.id;
    button.setAttribute('aria-pressed', 'false');
    const image = new Image();
    image.src = imageUrl(item);
    image.alt = say('example', index + 1);
    image.loading = 'lazy';
    image.decoding = 'async';
    button.append(image);
  });
}

export function markChosen(list: HTMLElement, id: string | undefined): void {
  for (const button of list.querySelectorAll<HTMLButtonElement>('.thumb')) {
    button.setAttribute('aria-pressed', String(button.dataset.id === id));
  }
}

/** Fills `list` with one chip per sentence; `choose` is called on click. */
export function renderSentences(
  list: HTMLElement,
  sentences: readonly Sentence[],
  choose: (sentence: Sentence) => void,
): void {
  fillButtons(list, sentences, choose, (chip, sentence) => {
    chip.className = 'chip';
    chip.dataset.testid = 'sentence';
    chip.dataset.kind = sentence.kind;
    chip.value = sentence.text;
    const kind = document.createElement('span');
    kind.className = 'kind';
    kind.textContent = say(KIND_NAMES[sentence.kind]);
    chip.append(kind, sentence.text);
  });
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
  fillButtons(list, wordings, choose, (chip, text) => {
    chip.className = 'wording';
    chip.dataset.testid = 'own-words';
    chip.value = text;
    chip.textContent = text;
  });
}

/** Marks the chip whose sentence is in the prompt. */
export function markSentence(list: HTMLElement, text: string): void {
  for (const chip of list.querySelectorAll('button')) {
    chip.setAttribute('aria-pressed', String(chip.value === text.trim()));
  }
}
