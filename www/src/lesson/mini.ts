// A small picture with a mask over it, drawn as the big one is, and the masks of a run on its way.

import { Viewer, type Layer, type Scene } from '../draw/viewer.ts';
import type { Frames } from '../engine/messages.ts';
import type { Picture } from '../picture/picture.ts';
import { shownAspect, type Box } from '../picture/place.ts';
import type { Context } from '../session/context.ts';
import { tokenIds, type Run } from '../session/run.ts';
import { sceneOf } from '../session/scene.ts';
import { make, setLabel } from '../ui/dom.ts';

export class MiniView {
  readonly element: HTMLElement;
  readonly #viewer: Viewer;
  readonly #frame: HTMLElement;
  readonly #overlay: HTMLCanvasElement;
  #shown: ImageBitmap | undefined;

  constructor(testId: string) {
    const [picture, overlay] = [make('canvas', { 'aria-hidden': true }), make('canvas', { role: 'img', 'data-testid': testId })];
    this.#viewer = new Viewer(picture, overlay);
    this.#overlay = overlay;
    this.#frame = make('div', { class: 'frame mini' }, picture, overlay);
    this.element = make('div', { class: 'mini-stage' }, this.#frame);
  }

  /** `cursor`: a cell with a ring around it. */
  show(picture: Picture, scene: Scene | undefined, label: string, cursor?: number): void {
    if (this.#shown !== picture.bitmap) {
      this.#shown = picture.bitmap;
      this.#frame.style.setProperty('--aspect', String(shownAspect(picture)));
      this.#viewer.show(picture.bitmap);
    }
    setLabel(this.#overlay, label);
    this.#viewer.scene = scene;
    this.#viewer.cursor = cursor;
  }
}

/** The scene of a run, of its first `step` tokens where that is said, with the tokens of `marked` marked. */
export function sceneWith(run: Run, marked: Iterable<number>, step?: number): Scene {
  return { ...sceneOf(run, step), edited: new Set(marked) };
}

/** A mask of 0 to 255 over `place`. */
export function softLayer(field: Uint8Array, width: number, height: number, place: Box): Layer {
  const layer = { field, width, height, place, peak: 255 as const };
  return layer;
}

const asked = new WeakMap<Run['tokens'], Promise<Frames | undefined>>();

/** The mask of a run after each of its tokens; undefined where no engine can tell. */
export function framesOfRun({ engine }: Context, run: Run): Promise<Frames | undefined> {
  if (run.frames) return Promise.resolve(run.frames);
  const known = asked.get(run.tokens);
  if (known || !engine) return known ?? Promise.resolve(undefined);
  const frames = engine.call('frames', tokenIds(run)).catch(() => {
    asked.delete(run.tokens);
    return undefined;
  });
  asked.set(run.tokens, frames);
  return frames;
}
