// The whole sequence as the model reads it: words, cells of the picture, mask tokens; where it is, and what it attends to.

import { rgbaOf } from '../picture/picture.ts';
import type { Run } from '../session/run.ts';
import { make, makeButton, setLabel } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { panel } from './explain.ts';
import { largestOf, reading, sharesOf, strengths, type Reading } from './heads.ts';
import { lineOf, slotAt, type Line } from './line.ts';
import { Memo } from './memo.ts';
import { HEAT, cleared, drawFrame, drawHeat, drawPending, drawUnknown } from './patches.ts';
import type { LearnState } from './state.ts';
import { describeWhere, listShares } from './told.ts';

/** Pixels of a cell in the drawings of cells, and between two. */
const CELL = 40;
const SPACE = 4;
const PITCH = CELL + SPACE;
/** Pixels of the line: a slot across, the bars and the things below them. */
const SLOT = 4;
const BARS = 72;
const THINGS = 28;

const NONE: readonly string[] = [];

export class SequencePanel {
  readonly #state: LearnState;
  readonly #now = make('p', { class: 'now', 'data-testid': 'learn-now' });
  readonly #line = make('canvas', { class: 'line', 'data-testid': 'learn-line', role: 'img' });
  readonly #words = make('ol', { class: 'pieces', 'data-testid': 'learn-words', lang: 'en' });
  readonly #cells = make('canvas', { class: 'cells', 'data-testid': 'learn-cells', role: 'img' });
  readonly #mask = make('canvas', { class: 'cells', 'data-testid': 'learn-mask', role: 'slider', tabindex: 0 });
  readonly #titles = [make('h3'), make('h3'), make('h3')] as const;
  readonly #whose = make('span', { 'data-testid': 'learn-whose' });
  readonly #shares = make('ul', { class: 'shares' });
  readonly #all = makeButton({ class: 'link', 'data-testid': 'learn-all-heads' }, '', () => this.#showAll());
  readonly #onPicture = make('input', { type: 'checkbox', 'data-testid': 'learn-on-picture' });
  readonly #onPictureLabel = make('span');
  #shownWords: readonly string[] | undefined;
  #sentence: { asked: string; words: readonly string[] } | undefined;
  #read: { reading: Reading; of: Run['tokens'] } | undefined;
  readonly #drawn = new Memo();
  #shape: Line = lineOf(0, 0, 0);

  constructor(root: HTMLElement, state: LearnState) {
    this.#state = state;
    const [words, picture, mask] = this.#titles;
    const part = (title: HTMLElement, ...content: HTMLElement[]) => make('div', { class: 'part' }, title, ...content);
    const toggle = make('label', { class: 'toggle' }, this.#onPicture, this.#onPictureLabel);
    root.append(
      panel(
        'sequence',
        { title: 'learn.sequence', what: 'learn.sequenceWhat', source: 'learn.sequenceSource' },
        this.#now,
        this.#line,
        make('div', { class: 'parts' }, part(words, this.#words), part(picture, this.#cells), part(mask, this.#mask)),
        make('div', { class: 'attends' }, make('p', {}, this.#whose, ' ', this.#all), toggle, this.#shares),
      ),
    );
    this.#connect();
    state.onChange(() => this.#draw());
    inWords(() => {
      (['learn.words', 'learn.pictureCells', 'mask'] as const).forEach((key, i) => {
        this.#titles[i]!.textContent = say(key);
      });
      this.#onPictureLabel.textContent = say('learn.onPicture');
      this.#all.textContent = say('learn.allHeads');
      setLabel(this.#cells, say('learn.pictureCells'));
      setLabel(this.#mask, say('learn.token'));
      setLabel(this.#line, say('learn.lineLabel'));
      this.#drawn.forget();
      state.changed();
    });
  }

  #connect(): void {
    const state = this.#state;
    this.#onPicture.addEventListener('change', () => {
      state.onPicture = this.#onPicture.checked;
      state.changed();
    });
    for (const canvas of [this.#cells, this.#mask]) {
      const select = (event: PointerEvent) => {
        const { left, top, width, height } = canvas.getBoundingClientRect();
        const { rows, columns } = state.run?.started ?? { rows: 1, columns: 1 };
        const [row, column] = [((event.clientY - top) / height) * rows, ((event.clientX - left) / width) * columns];
        if (state.run && row >= 0 && column >= 0 && row < rows && column < columns) {
          state.select(Math.floor(row) * columns + Math.floor(column));
        }
      };
      canvas.addEventListener('pointerdown', select);
      canvas.addEventListener('pointermove', (event) => event.buttons === 1 && select(event));
    }
    this.#line.addEventListener('pointerdown', ({ clientX }) => {
      const { left, width } = this.#line.getBoundingClientRect();
      const slot = slotAt(this.#shape, (clientX - left) / width);
      // The slot of the mask before a token is what the model reads to predict it.
      if (slot && slot.part !== 'words') state.select(slot.index);
    });
    this.#mask.addEventListener('keydown', (event) => {
      const columns = state.run?.started.columns ?? 1;
      const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -Infinity, End: Infinity }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      state.select(state.index + by);
    });
  }

  #showAll(): void {
    this.#state.where = {};
    this.#state.changed();
  }

  #draw(): void {
    const state = this.#state;
    const { run, index, attention, inspection, where, hides, atlas, seen, last } = state;
    if (!run || !this.#drawn.changed(run.tokens, index, attention, inspection, where, hides, atlas, seen, last)) return;
    const { columns, rows, total } = run.started;
    const read = this.#reading();
    // The words stay while the same sentence is decoded anew.
    if (inspection) this.#sentence = { asked: run.asked, words: inspection.words };
    const words = this.#sentence?.asked === run.asked ? this.#sentence.words : NONE;
    const place = [Math.floor(index / columns) + 1, (index % columns) + 1] as const;
    this.#now.textContent = inspection
      ? say('learn.now', index + 1, total, words.length, columns * rows, index, ...place)
      : say('learn.tokenOf', index + 1, total, ...place);
    this.#drawWords(words, read);
    this.#drawCells(columns, rows, read);
    this.#drawMask(columns, rows, read);
    this.#drawLine(words.length, columns, rows, read);
    this.#whose.textContent = describeWhere(state.where);
    this.#all.hidden = state.where.layer === undefined;
    listShares(this.#shares, read && sharesOf(read));
    Object.entries({ valuemin: 1, valuemax: state.last + 1, valuenow: index + 1 }).forEach(([name, value]) =>
      this.#mask.setAttribute(`aria-${name}`, String(value)),
    );
    this.#mask.setAttribute('aria-valuetext', say('learn.tokenOf', index + 1, total, ...place));
  }

  /** The attention of the selected token; until it is there, that of the one before, so that nothing flickers. */
  #reading(): Reading | undefined {
    const { attention, where, run, inspection } = this.#state;
    if (attention) this.#read = { reading: reading(attention, where), of: run!.tokens };
    else if (!inspection || this.#read?.of !== run!.tokens) this.#read = undefined;
    return this.#read?.reading;
  }

  #drawWords(words: readonly string[], read: Reading | undefined): void {
    if (words !== this.#shownWords) {
      this.#shownWords = words;
      this.#words.replaceChildren(...words.map((word) => make('li', {}, word.trim() || '␣')));
    }
    const strong = read && strengths(read.words);
    Array.from(this.#words.children, (piece, i) => {
      (piece as HTMLElement).style.setProperty('--strength', String(strong?.[i] ?? 0));
      (piece as HTMLElement).title = read?.words[i] === undefined ? '' : `${(read.words[i]! * 100).toFixed(2)} %`;
    });
  }

  #drawCells(columns: number, rows: number, read: Reading | undefined): void {
    const g = sized(this.#cells, columns * PITCH, rows * PITCH);
    const { seen, index } = this.#state;
    const strong = read && strengths(read.cells);
    const [w, h] = seen ? [seen.width / columns, seen.height / rows] : [0, 0];
    for (let i = 0; i < columns * rows; i++) {
      const [x, y] = placeOfCell(i, columns);
      if (seen) g.drawImage(seen, (i % columns) * w, Math.floor(i / columns) * h, w, h, x, y, CELL, CELL);
      if (strong) drawHeat(g, strong[i]!, x, y, CELL);
    }
    drawFrame(g, ...placeOfCell(index, columns), CELL);
  }

  #drawMask(columns: number, rows: number, read: Reading | undefined): void {
    const g = sized(this.#mask, columns * PITCH, rows * PITCH);
    const { atlas, tokens, index, hides } = this.#state;
    const strong = read && strengths(read.mask.subarray(1));
    for (let i = 0; i < columns * rows; i++) {
      const [x, y] = placeOfCell(i, columns);
      const token = tokens[i];
      // What comes later is not read.
      g.globalAlpha = i > index ? 0.3 : 1;
      if (token && atlas) atlas.draw(g, token.token, x, y, CELL);
      else drawPending(g, x, y, CELL);
      g.globalAlpha = 1;
      if (strong && i < index) drawHeat(g, strong[i] ?? 0, x, y, CELL);
    }
    const [x, y] = placeOfCell(index, columns);
    drawFrame(g, x, y, CELL);
    if (hides || !tokens[index]) drawUnknown(g, x, y, CELL);
  }

  /** One slot for everything that is in the sequence, with its weight above it. */
  #drawLine(words: number, columns: number, rows: number, read: Reading | undefined): void {
    const cells = columns * rows;
    this.#shape = lineOf(words, cells, cells + 1);
    const g = sized(this.#line, this.#shape.length * SLOT, BARS + THINGS);
    const { seen, atlas, tokens, index } = this.#state;
    const small = seen && shrunk(seen, columns, rows);
    for (const { part, from, to } of this.#shape.stretches) {
      for (let i = 0; i < to - from; i++) {
        const x = (from + i) * SLOT;
        if (part === 'words') g.fillStyle = 'rgb(214 223 232)';
        if (part === 'cells') g.fillStyle = small ? `rgb(${small.slice(i * 4, i * 4 + 3).join(' ')})` : 'rgb(60 72 84)';
        if (part !== 'mask') g.fillRect(x, BARS, SLOT - 1, THINGS);
        else if (i > 0 && tokens[i - 1] && atlas) {
          g.globalAlpha = i > index ? 0.3 : 1;
          g.fillStyle = atlas.shade(tokens[i - 1]!.token);
          g.fillRect(x, BARS, SLOT - 1, THINGS);
          g.globalAlpha = 1;
        } else g.strokeRect(x + 0.5, BARS + 0.5, SLOT - 2, THINGS - 1);
      }
      if (!read) continue;
      // Each weight as it is, the largest of all as high as there is room.
      const largest = Math.max(...[read.words, read.cells, read.mask].map(largestOf));
      g.fillStyle = `rgb(${HEAT})`;
      read[part].forEach((weight, i) => {
        const height = (weight / largest) * (BARS - 12);
        g.fillRect((from + i) * SLOT, BARS - 4 - height, SLOT - 1, height);
      });
    }
    const mask = this.#shape.stretches.at(-1)!;
    const x = (mask.from + index) * SLOT;
    g.fillStyle = 'white';
    g.fillRect(x - 1, 0, SLOT + 1, 6);
    g.strokeStyle = 'white';
    g.strokeRect(x - 1, BARS - 1, SLOT + 1, THINGS + 1);
  }
}

function placeOfCell(cell: number, columns: number): [number, number] {
  return [(cell % columns) * PITCH + SPACE / 2, Math.floor(cell / columns) * PITCH + SPACE / 2];
}

function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const g = cleared(canvas, width, height);
  g.strokeStyle = 'rgb(150 162 176 / 0.4)';
  g.lineWidth = 1;
  return g;
}

const means = new WeakMap<OffscreenCanvas, Uint8ClampedArray>();

/** The mean colour of each cell. */
function shrunk(seen: OffscreenCanvas, columns: number, rows: number): Uint8ClampedArray {
  const known = means.get(seen);
  if (known) return known;
  const data = rgbaOf(seen, columns, rows, { imageSmoothingQuality: 'high' });
  means.set(seen, data);
  return data;
}
