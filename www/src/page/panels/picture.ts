// Choosing what to look at: a gallery picture or a file, and the sentence to go with it.

import { byId } from '../dom.ts';
import {
  OWN_WORDS,
  markChosen,
  markSentence,
  renderGallery,
  renderOwnWords,
  renderSentences,
  type GalleryItem,
  type Sentence,
} from '../gallery.ts';
import { fetchJson } from '../json.ts';
import { openPicture, readMask, type Picture } from '../../picture/picture.ts';

export interface PictureEvents {
  /** Another picture was asked for; what runs on the old one is void. */
  opening(): void;
  /** A new picture is there; the old mask is void. */
  opened(picture: Picture): void;
  /** A sentence chip was clicked; the prompt holds its text already. */
  sentence(): void;
  failed(message: string): void;
}

export class PicturePanel {
  picture: Picture | undefined;
  /** Settles when the picture that was asked for last is there, or has failed. */
  opened: Promise<void> = Promise.resolve();
  /** Counts openings, so that a slow one never overwrites a later one. */
  turn = 0;
  readonly #base: string;
  readonly #events: PictureEvents;
  readonly #prompt = byId<HTMLTextAreaElement>('prompt');
  #items: readonly GalleryItem[] = [];
  #item: GalleryItem | undefined;
  /** Whether the model, if there is one, knows what the sentences of the gallery are about. */
  #aboutLungs = true;

  constructor(base: string, events: PictureEvents) {
    this.#base = new URL('gallery/', base).href;
    this.#events = events;
    const input = byId<HTMLInputElement>('file-input');
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      // The same file may be chosen again after an error.
      if (file) void this.#openFile(file).finally(() => (input.value = ''));
    });
    this.#acceptDrops(byId('stage'));
    renderOwnWords(byId('own-words'), OWN_WORDS, (text) => this.#choose(text));
    this.#prompt.addEventListener('input', () => this.#mark());
  }

  get text(): string {
    return this.#prompt.value;
  }

  /** Offers what a model understands: its example and, to one that knows chest X-rays, what any of them can be asked. */
  offer(example: string, aboutLungs: boolean): void {
    this.#aboutLungs = aboutLungs;
    const { value, placeholder } = this.#prompt;
    const ofGallery = this.#item?.sentences.some(({ text }) => text === value) ?? false;
    if (value === '' || value === placeholder || (ofGallery && !aboutLungs)) this.#prompt.value = example;
    this.#prompt.placeholder = example;
    for (const id of ['sentences', 'own-words-box']) byId(id).hidden = !aboutLungs;
    byId('gallery-note').hidden = aboutLungs;
    this.#mark();
  }

  /** Shows the gallery and opens its first picture. A page without gallery still opens files. */
  async openGallery(): Promise<void> {
    this.#items = await fetchJson<GalleryItem[]>(new URL('gallery.json', this.#base), []);
    const list = byId('gallery');
    renderGallery(list, this.#items, (item) => this.#url(item.image), (item) => void this.#openItem(item));
    if (this.#items[0]) await this.#openItem(this.#items[0]);
  }

  /** The ground truth of this picture for the sentence `text`, or undefined where the gallery has none. */
  async truth(text: string, width: number, height: number): Promise<Uint8Array | undefined> {
    // A picture that could not be opened leaves the one before on the page.
    if (this.#item?.image !== this.picture?.name) return undefined;
    const file = this.#item?.sentences.find((sentence) => sentence.text === text.trim())?.truth;
    if (!file) return undefined;
    const response = await fetch(this.#url(file)).catch(() => undefined);
    return response?.ok ? readMask(await response.blob(), width, height) : undefined;
  }

  async #openItem(item: GalleryItem): Promise<void> {
    const read = async () => {
      const response = await fetch(this.#url(item.image));
      if (!response.ok) throw new Error(`${item.image} could not be fetched: the server answered ${response.status}.`);
      return new Uint8Array(await response.arrayBuffer());
    };
    // At once, so that a sentence typed while the picture loads is not overwritten.
    this.#item = item;
    this.#showSentences(item.sentences);
    markChosen(byId('gallery'), item.id);
    await this.#open(item.image, read);
  }

  async #openFile(file: File): Promise<void> {
    await this.#open(file.name, async () => new Uint8Array(await file.arrayBuffer()), () => {
      this.#item = undefined;
      this.#showSentences([]);
      markChosen(byId('gallery'), undefined);
    });
  }

  #open(
    name: string,
    read: () => Promise<Uint8Array<ArrayBuffer>>,
    onOpened: () => void = () => {},
  ): Promise<void> {
    const turn = ++this.turn;
    this.#events.opening();
    const open = async () => {
      try {
        const picture = await openPicture(name, await read());
        if (turn !== this.turn) return picture.bitmap.close();
        this.picture?.bitmap.close();
        this.picture = picture;
        onOpened();
        this.#events.opened(picture);
      } catch (error) {
        if (turn === this.turn) this.#events.failed((error as Error).message);
      }
    };
    this.opened = open();
    return this.opened;
  }

  #showSentences(sentences: readonly Sentence[]): void {
    if (sentences[0] && this.#aboutLungs) this.#prompt.value = sentences[0].text;
    renderSentences(byId('sentences'), sentences, ({ text }) => this.#choose(text));
    this.#mark();
  }

  #choose(text: string): void {
    this.#prompt.value = text;
    this.#mark();
    this.#events.sentence();
  }

  #mark(): void {
    for (const list of ['sentences', 'own-words']) markSentence(byId(list), this.text);
  }

  #acceptDrops(target: HTMLElement): void {
    target.addEventListener('dragover', (event) => {
      event.preventDefault();
      target.classList.add('dropping');
    });
    target.addEventListener('dragleave', () => target.classList.remove('dropping'));
    target.addEventListener('drop', (event) => {
      event.preventDefault();
      target.classList.remove('dropping');
      const file = event.dataTransfer?.files[0];
      if (file) void this.#openFile(file);
    });
  }

  #url(file: string): string {
    return new URL(file, this.#base).href;
  }
}
