// Choosing what to look at: a gallery picture or a file, dropped, pasted or chosen, and the sentence to go with it.

import { fetchJson } from '../../bundle/json.ts';
import { requestBytes } from '../../bundle/loader.ts';
import { closePicture, readMask, type Picture } from '../../picture/picture.ts';
import { FileRefusal } from '../../picture/refusal.ts';
import { firstPicture, maskOf, withoutJunk } from '../../picture/several.ts';
import { byId } from '../../ui/dom.ts';
import { tell } from '../../ui/tell.ts';
import { inWords, say } from '../../ui/words.ts';
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
import { acceptPictures } from '../incoming.ts';

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
  /** A message for the user: what failed, or what else he should know. */
  notify(message: string): void;
  /** Files that are no picture of their own: a bundle, a ground truth. True where somebody took them. */
  others(files: readonly File[]): Promise<boolean>;
  /** The mask that came with the picture on screen: '' once it is taken, why it is not, or undefined where it is no mask. */
  mask(file: File): Promise<string | undefined>;
}

export class PicturePanel {
  /** Settles when the picture that was asked for last is there, or has failed. */
  opened: Promise<unknown> = Promise.resolve();
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
    acceptPictures(byId('stage'), (files) => this.openFiles(files), (error) => this.#events.notify(tell(error)));
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
    this.#items = await fetchJson<GalleryItem[]>('gallery.json', this.#base, [], (error) => this.#events.notify(tell(error)));
    this.#show();
    if (this.#items[0]) await this.#openItem(this.#items[0]);
  }

  async openExample(id: string): Promise<void> {
    const item = this.#items.find((item) => item.id === id);
    if (item) await this.#openItem(item);
  }

  /**
   * Opens a picture, or hands on what is none. Of several files it opens the first that is a picture, with its mask where
   * that is among them, and says so where there are more.
   */
  async openFiles(given: readonly File[]): Promise<void> {
    const files = withoutJunk(given);
    if (await this.#events.others(files)) return;
    const found = files.length > 1 ? await firstPicture(files) : files[0];
    if (!found) return this.#events.notify(say('noPicture', given.length));
    const read = async () => {
      const bytes = await found.arrayBuffer().catch(() => {
        throw new FileRefusal(found.name, 'file.folder', 'file.dropAgain');
      });
      return new Uint8Array(bytes);
    };
    const opened = await this.#open(found.name, read, () => {
      // What was said of an example is no request about another picture.
      if (this.#ofExamples()) this.text = '';
      this.#item = undefined;
      this.#show();
    });
    if (!opened || files.length === 1) return;
    const shown = this.#shown;
    const mask = maskOf(found.name, files);
    const told = mask && (await this.#events.mask(mask));
    if (this.#shown !== shown) return;
    const isPair = told === '' && files.length === 2;
    this.#events.notify(told || (isPair ? '' : say('oneOfMany', found.name, files.length)));
  }

  /** The ground truth of this picture for the sentence `text`, or undefined where the gallery has none. */
  async truth(text: string, width: number, height: number): Promise<Uint8Array | undefined> {
    const file = this.example?.sentences.find((sentence) => sentence.text === text.trim())?.truth;
    if (!file) return undefined;
    // Without it the mask is as good; it is the picture of the page's own that is missing.
    const mask = await this.#fetch(file).catch(() => undefined);
    return mask && readMask(new Blob([mask]), width, height).catch(() => undefined);
  }

  /** Whether the sentence is one of those that come with the pictures of the gallery, or a model's example. */
  #ofExamples(): boolean {
    const { value, placeholder } = this.#prompt;
    return value === placeholder || this.#items.some(({ sentences }) => sentences.some(({ text }) => text === value));
  }

  async #openItem(item: GalleryItem): Promise<void> {
    // At once, so that a sentence typed while the picture loads is not overwritten.
    this.#item = item;
    if (item.sentences[0] && this.#aboutLungs) this.text = item.sentences[0].text;
    this.#show();
    await this.#open(item.image, () => this.#fetch(item.image));
  }

  /** A file of the gallery. */
  #fetch(file: string): Promise<Uint8Array<ArrayBuffer>> {
    return requestBytes(this.#url(file), file);
  }

  /** Whether it is the picture on screen now. */
  #open(name: string, read: () => Promise<Uint8Array<ArrayBuffer>>, onOpened: () => void = () => {}): Promise<boolean> {
    const turn = ++this.#turn;
    this.#events.opening();
    const open = async () => {
      try {
        const opened = await this.#events.read(name, await read());
        const picture: Picture = name === this.#item?.image ? { ...opened, kind: 'drawing' } : opened;
        if (turn !== this.#turn) {
          closePicture(picture);
          return false;
        }
        this.#shown = picture;
        onOpened();
        this.#events.opened(picture);
        return true;
      } catch (error) {
        if (turn === this.#turn) this.#events.notify(tell(error));
        return false;
      }
    };
    const opened = open();
    this.opened = opened;
    return opened;
  }

  #show(): void {
    const gallery = byId('gallery');
    renderGallery(gallery, this.#items, (item) => this.#url(item.image), (item) => void this.#openItem(item));
    markChosen(gallery, this.#item?.id);
    const sentences: readonly Sentence[] = (this.#aboutLungs && this.#item?.sentences) || [];
    renderSentences(byId('sentences'), sentences, ({ text }) => this.#choose(text));
    const wordings = this.#aboutLungs ? OWN_WORDS : [this.#prompt.placeholder].filter(Boolean);
    renderOwnWords(byId('own-words'), wordings, (text) => this.#choose(text));
    byId('own-words-title').textContent = say(this.#aboutLungs ? 'ownWords' : 'trainedWith');
    byId('sentences').hidden = !this.#aboutLungs;
    byId('own-words-box').hidden = wordings.length === 0;
    this.#mark();
  }

  #choose(text: string): void {
    this.text = text;
    this.#events.sentence();
  }

  #mark(): void {
    for (const list of ['sentences', 'own-words']) markSentence(byId(list), this.text);
  }

  #url(file: string): string {
    return new URL(file, this.#base).href;
  }
}
