// The picture on its canvas: through the window that was chosen, and as fine as it is zoomed.

import { paintPicture } from '../draw/paint.ts';
import { putOn, type Picture } from '../picture/picture.ts';
import type { OpenStudy } from '../imaging/client.ts';
import type { StudyInfo } from '../imaging/messages.ts';
import type { Context } from '../session/context.ts';
import { byId } from '../ui/dom.ts';
import { latest } from './latest.ts';
import type { Pixel } from './readout.ts';
import type { Look } from './windowing.ts';

/** Longest side in pixels while a window is dragged. */
const QUICK = 1024;

export class Display {
  /** Of the file on screen, once the module has opened it. */
  info: StudyInfo | undefined;
  #picture: Picture | undefined;
  #look: Look | undefined;
  #fineness = { longest: QUICK, pixelated: false };
  /** Of a picture that the browser decoded by itself, once its values were asked for. */
  #own: Promise<OpenStudy> | undefined;
  readonly #context: Context;
  readonly #canvas = byId<HTMLCanvasElement>('picture');
  readonly #listeners: (() => void)[] = [];
  readonly #pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
  readonly #paint = latest((quick: boolean) => this.#draw(quick));

  constructor(context: Context) {
    this.#context = context;
    context.session.watch(({ picture }) => picture, (picture) => this.#show(picture));
  }

  get picture(): Picture | undefined {
    return this.#picture;
  }

  /** How it is shown; undefined for what the file itself says, as the model reads it. */
  get look(): Look | undefined {
    return this.#look;
  }

  /** Shows it otherwise; `quick` while more is to come. */
  show(look: Look | undefined, quick = false): void {
    this.#look = look;
    this.#paint(quick);
    this.#tell();
  }

  /** How many pixels the canvas needs. */
  refine(fineness: { longest: number; pixelated: boolean }): void {
    const { longest, pixelated } = this.#fineness;
    if (longest === fineness.longest && pixelated === fineness.pixelated) return;
    this.#fineness = fineness;
    this.#paint(false);
  }

  /** Calls `react` when another picture, another window or more about the file is there. */
  onChange(react: () => void): void {
    this.#listeners.push(react);
  }

  /** The file on screen in the imaging module; undefined where another is on screen by then. */
  async study(): Promise<OpenStudy | undefined> {
    const picture = this.#picture;
    if (!picture) return undefined;
    if (picture.study) return picture.study;
    // A copy: the module takes what it opens, and the engine needs the bytes as well.
    this.#own ??= this.#context.imaging.open(picture.bytes.slice(), picture.name);
    try {
      const study = await this.#own;
      if (picture !== this.#picture) return undefined;
      if (this.info !== study.info) {
        this.info = study.info;
        this.#tell();
      }
      return study;
    } catch (error) {
      if (picture === this.#picture) this.#own = undefined;
      throw error;
    }
  }

  /** The value of a pixel: one, or red, green and blue. */
  async value({ x, y }: Pixel): Promise<number[]> {
    const picture = this.#picture!;
    if (picture.study) return picture.study.value(picture.frame, x, y);
    this.#pixel.drawImage(picture.bitmap, x, y, 1, 1, 0, 0, 1, 1);
    const [red, green, blue] = this.#pixel.getImageData(0, 0, 1, 1).data;
    return red === green && green === blue ? [red!] : [red!, green!, blue!];
  }

  #show(picture: Picture | undefined): void {
    const sameFile = picture?.study !== undefined && picture.study === this.#picture?.study;
    this.#own?.then((study) => study.close(), () => {});
    this.#own = undefined;
    this.#picture = picture;
    this.info = picture?.study?.info;
    if (!sameFile) this.#look = undefined;
    // The page draws it first, as it draws every new picture.
    requestAnimationFrame(() => this.#paint(false));
    this.#tell();
  }

  async #draw(quick: boolean): Promise<void> {
    const picture = this.#picture;
    const look = this.#look;
    const { longest, pixelated } = this.#fineness;
    if (!picture) return;
    if (!look) {
      this.#drawFile(picture, longest);
    } else {
      try {
        const study = await this.study();
        const image = await study?.render(picture.frame, look.window.centre, look.window.width, look.invert, quick ? Math.min(longest, QUICK) : longest);
        if (!image || picture !== this.#picture || !this.#look) return;
        putOn(this.#canvas, image);
      } catch (error) {
        this.#look = undefined;
        this.#context.notifyError(error);
        this.#tell();
        return this.#drawFile(picture, longest);
      }
    }
    this.#canvas.classList.toggle('pixelated', pixelated);
  }

  #drawFile({ bitmap }: Picture, longest: number): void {
    paintPicture(this.#canvas.getContext('2d')!, bitmap, longest);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
