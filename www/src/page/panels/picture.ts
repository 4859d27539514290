// Choosing what to look at: a gallery picture or a file, dropped, pasted or chosen, and the sentence to go with it.

import { droppedFiles } from '../../bundle/drop.ts';
import { closePicture, readMask, type Picture } from '../../picture/picture.ts';
import { byId } from '../../ui/dom.ts';
import { inWords } from '../../ui/words.ts';
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

export interface PictureEvents {
  /** Reads a file; throws an Error for the user when it is no picture. */
  read(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Picture>;
  /** Another picture was asked for; what runs on the old one is void. */
  opening(): void;
  /** A new picture is there; the old mask is void. */
  opened(picture: Picture): void;
  /** Another sentence stands there. */
  typed(): void;
  /** A sentence was clicked; it stands there already. */
  sentence(): unknown;
  failed(message: string): void;
  /** Files that are no picture of their own: a bundle, a ground truth. True where somebody took them. */
  others(files: readonly File[]): Promise<boolean>;
}

export class PicturePanel {
  /** Settles when the picture that was asked for last is there, or has failed. */
  opened: Promise<void> = Promise.resolve();
  /** Counts openings, so that a slow one never overwrites a later one. */
  #turn = 0;
  #shown: Picture | undefined;
  readonly #base: string;
  readonly #events: PictureEvents;
  readonly #prompt = byId<HTMLTextAreaElement>('prompt');
  #items: readonly GalleryItem[] = [];
  #item: GalleryItem | undefined;
  /** Whether the model knows what the sentences of the gallery are about. */
  #aboutLungs = true;

  constructor(base: string, events: PictureEvents) {
    this.#base = new URL('gallery/', base).href;
    this.#events = events;
    const input = byId<HTMLInputElement>('file-input');
    input.addEventListener('change', () => {
      const files = Array.from(input.files ?? []);
      // The same file may be chosen again after an error.
      if (files.length > 0) void this.openFiles(files).finally(() => (input.value = ''));
    });
    this.#acceptDrops();
    this.#prompt.addEventListener('input', () => this.#mark());
    inWords(() => this.#show());
  }

  get text(): string {
    return this.#prompt.value;
  }

  set text(text: string) {
    if (this.#prompt.value === text) return;
    this.#prompt.value = text;
    this.#mark();
    this.#events.typed();
  }

  /** The picture of the gallery that is shown, if it is one. */
  get example(): GalleryItem | undefined {
    // A picture that could not be opened leaves the one before on the page.
    return this.#item?.image === this.#shown?.name ? this.#item : undefined;
  }

  /** Offers what a model understands: its example and, to one that knows chest X-rays, what any of them can be asked. */
  offer(example: string, aboutLungs: boolean): void {
    this.#aboutLungs = aboutLungs;
    const { value, placeholder } = this.#prompt;
    const ofGallery = this.#ofExamples();
    this.#prompt.placeholder = example;
    const fitting = (aboutLungs && this.#item?.sentences[0]?.text) || example;
    // To a picture of the user's own nothing is said for him.
    const said = this.#item !== undefined || this.#shown === undefined;
    if (said && (value === '' || value === placeholder || (ofGallery && !aboutLungs))) this.text = fitting;
    this.#show();
  }

  /** Shows the gallery and opens its first picture. A page without gallery still opens files. */
  async openGallery(): Promise<void> {
    this.#items = await fetchJson<GalleryItem[]>(new URL('gallery.json', this.#base), []);
    this.#show();
    if (this.#items[0]) await this.#openItem(this.#items[0]);
  }

  async openExample(id: string): Promise<void> {
    const item = this.#items.find((item) => item.id === id);
    if (item) await this.#openItem(item);
  }

  /** Opens a picture, or hands on what is none. */
  async openFiles(files: readonly File[]): Promise<void> {
    if (await this.#events.others(files)) return;
    const [file] = files;
    if (!file) return;
    await this.#open(file.name, async () => new Uint8Array(await file.arrayBuffer()), () => {
      // What was said of an example is no request about another picture.
      if (this.#ofExamples()) this.text = '';
      this.#item = undefined;
      this.#show();
    });
  }

  /** The ground truth of this picture for the sentence `text`, or undefined where the gallery has none. */
  async truth(text: string, width: number, height: number): Promise<Uint8Array | undefined> {
    const file = this.example?.sentences.find((sentence) => sentence.text === text.trim())?.truth;
    if (!file) return undefined;
    const response = await fetch(this.#url(file)).catch(() => undefined);
    return response?.ok ? readMask(await response.blob(), width, height) : undefined;
  }

  /** Whether the sentence is one of those that come with the pictures of the gallery, or a model's example. */
  #ofExamples(): boolean {
    const { value, placeholder } = this.#prompt;
    return value === placeholder || this.#items.some(({ sentences }) => sentences.some(({ text }) => text === value));
  }

  async #openItem(item: GalleryItem): Promise<void> {
    const read = async () => {
      const response = await fetch(this.#url(item.image));
      if (!response.ok) throw new Error(`${item.image} could not be fetched: the server answered ${response.status}.`);
      return new Uint8Array(await response.arrayBuffer());
    };
    // At once, so that a sentence typed while the picture loads is not overwritten.
    this.#item = item;
    if (item.sentences[0] && this.#aboutLungs) this.text = item.sentences[0].text;
    this.#show();
    await this.#open(item.image, read);
  }

  #open(name: string, read: () => Promise<Uint8Array<ArrayBuffer>>, onOpened: () => void = () => {}): Promise<void> {
    const turn = ++this.#turn;
    this.#events.opening();
    const open = async () => {
      try {
        const opened = await this.#events.read(name, await read());
        const picture: Picture = name === this.#item?.image ? { ...opened, kind: 'drawing' } : opened;
        if (turn !== this.#turn) return closePicture(picture);
        this.#shown = picture;
        onOpened();
        this.#events.opened(picture);
      } catch (error) {
        if (turn === this.#turn) this.#events.failed((error as Error).message);
      }
    };
    this.opened = open();
    return this.opened;
  }

  #show(): void {
    const gallery = byId('gallery');
    renderGallery(gallery, this.#items, (item) => this.#url(item.image), (item) => void this.#openItem(item));
    markChosen(gallery, this.#item?.id);
    const sentences: readonly Sentence[] = (this.#aboutLungs && this.#item?.sentences) || [];
    renderSentences(byId('sentences'), sentences, ({ text }) => this.#choose(text));
    renderOwnWords(byId('own-words'), OWN_WORDS, (text) => this.#choose(text));
    byId('sentences').hidden = byId('own-words-box').hidden = !this.#aboutLungs;
    this.#mark();
  }

  #choose(text: string): void {
    this.text = text;
    this.#events.sentence();
  }

  #mark(): void {
    for (const list of ['sentences', 'own-words']) markSentence(byId(list), this.text);
  }

  /** Files may be dropped and pasted anywhere: a browser that got one beside the picture would leave the page. */
  #acceptDrops(): void {
    const stage = byId('stage');
    const carries = (data: DataTransfer | null) => data?.types.includes('Files') ?? false;
    document.addEventListener('dragover', (event) => {
      if (!carries(event.dataTransfer)) return;
      event.preventDefault();
      stage.classList.add('dropping');
    });
    document.addEventListener('dragleave', (event) => {
      if (!event.relatedTarget) stage.classList.remove('dropping');
    });
    document.addEventListener('drop', (event) => {
      stage.classList.remove('dropping');
      if (!carries(event.dataTransfer)) return;
      event.preventDefault();
      void droppedFiles(event.dataTransfer!).then((files) => this.openFiles(files));
    });
    document.addEventListener('paste', (event) => {
      const files = Array.from(event.clipboardData?.files ?? []);
      if (files.length === 0) return;
      event.preventDefault();
      void this.openFiles(files);
    });
  }

  #url(file: string): string {
    return new URL(file, this.#base).href;
  }
}
