// The way through the blocks: the residual stream from the token before to the prediction, what each block reads on the
// way, and what would be predicted after it. It opens from all blocks to one, and to one head.

import type { Attention } from '../engine/messages.ts';
import { make, makeButton, setPressed } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { panel } from './explain.ts';
import { reading, sharesOf, strengths, type Where } from './heads.ts';
import { Memo } from './memo.ts';
import { heatMap } from './patches.ts';
import type { LearnState } from './state.ts';
import { describeWhere, listShares, percent } from './told.ts';

/** Words that a head reads most. */
const WORDS = 5;

interface Thumb {
  button: HTMLButtonElement;
  cells: HTMLCanvasElement;
  mask: HTMLCanvasElement;
}

interface Block {
  row: HTMLElement;
  name: HTMLButtonElement;
  attention: HTMLElement;
  forward: HTMLElement;
  patch: HTMLCanvasElement;
  bar: HTMLElement;
  number: HTMLElement;
  heads: Thumb[];
}

export class BlocksPanel {
  readonly #state: LearnState;
  readonly #column = make('ol', { class: 'stream', reversed: true });
  readonly #end = makeEnd();
  readonly #start = makeEnd();
  readonly #path = make('p', { class: 'path', 'data-testid': 'learn-path' });
  readonly #up = makeButton({ class: 'link', 'data-testid': 'learn-up' }, '', () => this.#open({}));
  readonly #detail = make('div', { class: 'detail', 'data-testid': 'learn-detail' });
  readonly #shares = make('ul', { class: 'shares', 'data-testid': 'learn-shares' });
  readonly #pictures = [make('canvas'), make('canvas')] as const;
  readonly #overlays = [make('canvas', { class: 'heat' }), make('canvas', { class: 'heat' })] as const;
  readonly #captions = [make('figcaption'), make('figcaption')] as const;
  readonly #wordsTitle = make('h3');
  readonly #words = make('ul', { class: 'shares', lang: 'en' });
  readonly #legend = make('p', { class: 'legend-row fine', 'aria-hidden': true });
  readonly #wait = make('p', { class: 'fine' });
  readonly #through: HTMLElement;
  #blocks: Block[] = [];
  readonly #drawn = new Memo();

  constructor(root: HTMLElement, state: LearnState) {
    this.#state = state;
    const figures = this.#captions.map((caption, i) =>
      make('figure', {}, make('div', { class: 'layered' }, this.#pictures[i]!, this.#overlays[i]!), caption),
    );
    this.#detail.append(
      make('div', { class: 'path-row' }, this.#path, this.#up),
      make('div', { class: 'seen-by' }, ...figures, make('div', { class: 'numbers' }, this.#shares, this.#wordsTitle, this.#words)),
    );
    this.#through = make('div', { class: 'through' }, make('div', {}, this.#legend, this.#column), this.#detail);
    root.append(
      panel(
        'blocks',
        { title: 'learn.blocks', what: 'learn.blocksWhat', source: 'learn.blocksSource' },
        this.#wait,
        this.#through,
      ),
    );
    state.onChange(() => this.#draw());
    inWords(() => {
      this.#up.textContent = say('learn.allBlocks');
      this.#wordsTitle.textContent = say('learn.mostRead');
      this.#captions[0].textContent = say('learn.pictureCells');
      this.#captions[1].textContent = say('maskSoFar');
      this.#legend.replaceChildren(...(['learn.block', 'learn.lens', 'learn.heads'] as const).map((key) => make('span', {}, say(key))));
      this.#blocks = [];
      this.#drawn.forget();
      state.changed();
    });
  }

  #open(where: Where): void {
    this.#state.where = where;
    this.#state.changed();
  }

  #draw(): void {
    const { attention, atlas, where, hides, index, run, tokens, seen } = this.#state;
    // An answer on its way replaces the drawing when it is there.
    if (attention) this.#through.removeAttribute('aria-busy');
    else this.#through.setAttribute('aria-busy', 'true');
    this.#through.hidden = !this.#state.done || (!attention && this.#blocks.length === 0);
    this.#wait.hidden = !this.#through.hidden;
    this.#wait.textContent = this.#state.waiting;
    if (!attention || !atlas || !run) return;
    if (!this.#drawn.changed(attention, atlas, hides, where, run.tokens, seen)) return;
    if (this.#blocks.length !== attention.layers) this.#build(attention);
    const { columns, rows } = run.started;
    this.#blocks.forEach((block, layer) => this.#drawBlock(block, layer, attention));
    const [picked, before] = [tokens[index], tokens[index - 1]];
    this.#end.text.textContent = picked ? say('learn.tokenCode', index + 1, picked.token) : say('learn.prediction');
    this.#start.text.textContent = before ? say('learn.tokenCode', index, before.token) : say('learn.beginOfMask');
    atlas.fill(this.#end.patch, picked?.token);
    atlas.fill(this.#start.patch, before?.token);
    this.#drawDetail(attention, columns, rows);
  }

  #build({ layers, heads }: Attention): void {
    this.#blocks = Array.from({ length: layers }, (_, layer) => this.#makeBlock(layer, heads));
    this.#column.replaceChildren(this.#end.item, ...this.#blocks.map(({ row }) => row).reverse(), this.#start.item);
  }

  #makeBlock(layer: number, heads: number): Block {
    const toggle = () => this.#open(this.#state.where.layer === layer && this.#state.where.head === undefined ? {} : { layer });
    const name = makeButton({ class: 'name', 'data-testid': 'learn-block' }, say('learn.blockName', layer + 1), toggle);
    const [attention, forward] = [make('span', { class: 'part-of' }, say('learn.attention')), make('span', { class: 'part-of' }, say('learn.feedForward'))];
    const [patch, bar, number] = [make('canvas', { class: 'patch' }), make('span', { class: 'bar', 'aria-hidden': true }), make('span', { class: 'number' })];
    const thumbs = Array.from({ length: heads }, (_, head) => {
      const [cells, mask] = [make('canvas'), make('canvas')];
      const press = () => this.#open({ layer, head });
      const button = makeButton({ class: 'head', 'data-testid': 'learn-head', 'aria-label': say('learn.ofHead', layer + 1, head + 1), title: say('learn.ofHead', layer + 1, head + 1) }, make('span', {}, cells, mask), press);
      return { button, cells, mask };
    });
    const row = make(
      'li',
      { class: 'block' },
      make('div', { class: 'node' }, name, make('div', { class: 'parts-of' }, forward, attention)),
      make('div', { class: 'lens', 'data-testid': 'learn-lens' }, patch, bar, number),
      make('div', { class: 'heads' }, ...thumbs.map(({ button }) => button)),
    );
    return { row, name, attention, forward, patch, bar, number, heads: thumbs };
  }

  #drawBlock({ row, name, patch, bar, number, heads }: Block, layer: number, attention: Attention): void {
    const { atlas, hides, where, run } = this.#state;
    const { columns, rows } = run!.started;
    const chance = attention.lensProbabilities[layer]!;
    row.toggleAttribute('data-open', where.layer === layer);
    name.setAttribute('aria-expanded', String(where.layer === layer));
    atlas!.fill(patch, hides ? undefined : attention.lensCodes[layer]!);
    bar.style.setProperty('--share', String(hides ? 0 : chance));
    number.textContent = hides ? '?' : percent(chance);
    heads.forEach(({ button, cells, mask }, head) => {
      const read = reading(attention, { layer, head });
      drawReading(cells, mask, read, columns, rows);
      setPressed(button, where.layer === layer && where.head === head);
      const { words, picture, mask: before, padding } = sharesOf(read);
      Object.assign(button.dataset, { words, picture, mask: before, padding });
    });
  }

  #drawDetail(attention: Attention, columns: number, rows: number): void {
    const { where, seen, atlas, tokens, index, inspection } = this.#state;
    const read = reading(attention, where);
    const before = tokens.slice(0, index).map(({ token }) => token);
    this.#path.textContent = describeWhere(where);
    this.#up.hidden = where.layer === undefined;
    const [picture, mask] = this.#pictures;
    if (seen) {
      Object.assign(picture, { width: seen.width, height: seen.height });
      picture.getContext('2d')!.drawImage(seen, 0, 0);
    }
    atlas!.mask(mask, before, columns, rows);
    drawReading(...this.#overlays, read, columns, rows);
    listShares(this.#shares, sharesOf(read));
    const order = Array.from(read.words.keys()).sort((a, b) => read.words[b]! - read.words[a]!);
    const most = read.words[order[0] ?? 0] ?? 0;
    this.#words.replaceChildren(
      ...order.slice(0, WORDS).map((word) => {
        const bar = make('span', { class: 'bar', 'aria-hidden': true });
        bar.style.setProperty('--share', String(most > 0 ? read.words[word]! / most : 0));
        const piece = make('span', { class: 'piece' }, inspection?.words[word]?.trim() || '␣');
        return make('li', {}, piece, bar, make('span', { class: 'number' }, percent(read.words[word]!)));
      }),
    );
  }
}

/** Where the stream begins or ends: a token. */
function makeEnd() {
  const [patch, text] = [make('canvas', { class: 'patch' }), make('span')];
  return { patch, text, item: make('li', { class: 'end' }, patch, text) };
}

/** Both in one scale, so that it shows which of them is read. */
function drawReading(
  cells: HTMLCanvasElement,
  mask: HTMLCanvasElement,
  read: ReturnType<typeof reading>,
  columns: number,
  rows: number,
): void {
  const both = new Float32Array(read.cells.length + read.mask.length - 1);
  both.set(read.cells);
  both.set(read.mask.subarray(1), read.cells.length);
  const strong = strengths(both);
  heatMap(cells, strong.subarray(0, read.cells.length), columns, rows);
  heatMap(mask, strong.subarray(read.cells.length), columns, rows);
}
