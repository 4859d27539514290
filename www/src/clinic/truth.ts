// The ground truth beside the mask: opened from a file or brought by the gallery; Dice, and where the two differ.

import { COMPARED, css } from '../draw/palette.ts';
import type { Comparison } from '../engine/messages.ts';
import { maskOf, namesMask } from '../picture/several.ts';
import type { Context } from '../session/context.ts';
import { pixelsOf, type Finding } from '../session/document.ts';
import { tokenIds, type Run } from '../session/run.ts';
import { byId, fillPairs, make, makeButton } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { makeCurve } from './curve.ts';
import { binary, looksLikeMask, readGrey } from './mask-file.ts';

/** Between the end of a decoding and the question about its curve: the next sentence may be asked first. */
const CURVE_DELAY_MS = 300;

export class TruthPanel {
  readonly #context: Context;
  readonly #title = make('h2', { id: 'truth-title' });
  readonly #note = make('p', { class: 'fine' });
  readonly #figures = make('dl', { class: 'figures', 'data-testid': 'truth-figures' });
  readonly #legend = make('ul', { class: 'clinic-keys' });
  readonly #differ = make('input', { type: 'checkbox', 'data-testid': 'differences' });
  readonly #differLabel = make('label', { class: 'toggle' }, this.#differ, make('span'));
  readonly #file = make('input', { type: 'file', accept: 'image/*', 'data-testid': 'truth-input', hidden: true });
  readonly #open = makeButton({ 'data-testid': 'open-truth' }, '', () => this.#file.click());
  readonly #close = makeButton({ class: 'link', 'data-testid': 'close-truth' }, '', () => this.#context.session.openTruth(undefined));
  readonly #curve;
  readonly #curves = new WeakMap<Run['tokens'], { truth: Uint8Array; dice: Float32Array }>();
  #turn = 0;
  #compared: Comparison | undefined;

  constructor(context: Context) {
    this.#context = context;
    this.#curve = makeCurve(context);
    const { session, viewer } = context;
    const head = make('div', { class: 'clinic-head' }, this.#title, this.#close);
    const card = make('section', { class: 'card truth-card', 'aria-labelledby': 'truth-title' }, head, this.#note, this.#figures);
    card.append(this.#legend, this.#differLabel, this.#curve.element, make('div', { class: 'row' }, this.#open, this.#file));
    byId('clinic').append(card);
    this.#differ.addEventListener('change', () => {
      viewer.compares = this.#differ.checked;
      viewer.redraw();
    });
    this.#file.addEventListener('change', () => {
      const [file] = this.#file.files ?? [];
      if (file) void this.#choose(file).finally(() => (this.#file.value = ''));
    });
    this.#acceptDrops(card);
    session.watch(({ truth }) => truth, () => void this.#refresh());
    session.watch(({ settled }) => settled, () => void this.#refresh());
    inWords(() => this.#show());
  }

  /** Takes a mask that came without a picture; false where the files are something else. */
  async takeFiles(files: readonly File[]): Promise<boolean> {
    const { session, notify } = this.#context;
    if (!session.picture || !files.every(({ name }) => namesMask(name))) return false;
    const mask = files.length === 1 ? files[0] : maskOf(session.picture.name, files);
    const told = mask && (await this.takeMask(mask));
    if (told === undefined) return false;
    notify(told);
    return true;
  }

  /**
   * Makes a mask the ground truth of the picture on screen: '' once it is, else why it cannot be. Undefined where it only
   * has the name of one, as a picture may, and was not `chosen` as one.
   */
  async takeMask(file: File, chosen = false): Promise<string | undefined> {
    const { session } = this.#context;
    const { picture } = session;
    if (!picture) return say('truthNoPicture');
    try {
      const { values, width, height } = await readGrey(file);
      if (!chosen && !looksLikeMask(values)) return undefined;
      if (width !== picture.width || height !== picture.height) {
        return say('truthSize', file.name, `${width} x ${height}`, `${picture.width} x ${picture.height}`);
      }
      if (session.picture !== picture) return '';
      session.openTruth(binary(values));
      if (!this.#differ.checked) this.#differ.click();
      return '';
    } catch (error) {
      return chosen ? (error as Error).message : undefined;
    }
  }

  async #choose(file: File): Promise<void> {
    this.#context.notify((await this.takeMask(file, true)) ?? '');
  }

  #acceptDrops(card: HTMLElement): void {
    card.addEventListener('dragover', (event) => {
      event.preventDefault();
      card.classList.add('dropping');
    });
    card.addEventListener('dragleave', () => card.classList.remove('dropping'));
    card.addEventListener('drop', (event) => {
      card.classList.remove('dropping');
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      event.stopPropagation();
      void this.#choose(file);
    });
  }

  /** Dice and IoU of any finding, where there is a truth of it. */
  async figures(finding: Finding): Promise<[string, string][]> {
    const pair = this.#pair(finding);
    const compared = pair && (await this.#compare(pair));
    return compared ? overlap(compared) : [];
  }

  async #compare({ finding, truth, width, height }: Pair): Promise<Comparison | undefined> {
    return this.#context.engine?.call('compare', pixelsOf(finding), truth, width, height).catch(() => undefined);
  }

  /** What is compared, where there is a mask and a truth of it. */
  #pair(finding = this.#context.session.settled): Pair | undefined {
    const { session } = this.#context;
    const truth = session.truth ?? finding?.run.truth;
    const { width, height } = finding?.run.outcome.result ?? { width: 0, height: 0 };
    return finding && truth?.length === width * height ? { finding, truth, width, height } : undefined;
  }

  async #refresh(): Promise<void> {
    const turn = ++this.#turn;
    const pair = this.#pair();
    const compared = pair && (await this.#compare(pair));
    if (turn !== this.#turn) return;
    this.#compared = compared;
    this.#show();
    await this.#refreshCurve(turn);
  }

  async #refreshCurve(turn: number): Promise<void> {
    const { engine } = this.#context;
    const pair = this.#pair();
    if (!pair || !engine) return;
    const { truth, width, height } = pair;
    const { run } = pair.finding;
    if (this.#curves.get(run.tokens)?.truth === truth) return;
    await new Promise((resolve) => setTimeout(resolve, CURVE_DELAY_MS));
    if (turn !== this.#turn) return;
    const { bytes, name } = run.picture;
    const dice = await engine.call('diceCurve', bytes, name, tokenIds(run), truth, width, height).catch(() => undefined);
    if (!dice) return;
    this.#curves.set(run.tokens, { truth, dice });
    this.#show();
  }

  #show(): void {
    const { session } = this.#context;
    const pair = this.#pair();
    const compared = pair && this.#compared;
    const known = pair && this.#curves.get(pair.finding.run.tokens);
    const hasTruth = session.truth !== undefined || pair !== undefined;
    this.#title.textContent = say('groundTruth');
    this.#note.textContent = hasTruth ? (pair ? '' : say('truthWaits')) : say('truthNote');
    this.#note.hidden = this.#note.textContent === '';
    this.#open.textContent = say('openTruth');
    this.#open.hidden = session.truth !== undefined;
    this.#close.textContent = say('closeTruth');
    this.#close.hidden = session.truth === undefined;
    this.#differLabel.lastElementChild!.textContent = say('differences');
    this.#differLabel.hidden = !compared;
    this.#legend.hidden = !compared;
    this.#figures.hidden = !compared;
    if (compared) {
      fillPairs(this.#figures, overlap(compared));
      this.#legend.replaceChildren(
        key('both', say('truePositive'), compared.both),
        key('maskOnly', say('falsePositive'), compared.maskOnly),
        key('truthOnly', say('falseNegative'), compared.truthOnly),
      );
    }
    this.#curve.show(known?.truth === pair?.truth ? known?.dice : undefined);
  }
}

interface Pair {
  finding: Finding;
  truth: Uint8Array;
  width: number;
  height: number;
}

function overlap({ dice, iou }: Comparison): [string, string][] {
  return [['Dice', dice.toFixed(3)], ['IoU', iou.toFixed(3)]];
}

function key(what: keyof typeof COMPARED, name: string, pixels: number): HTMLLIElement {
  const swatch = make('span', { class: 'clinic-key', 'aria-hidden': true });
  swatch.style.background = css(COMPARED[what]);
  return make('li', { 'data-testid': `truth-${what}` }, swatch, make('span', {}, name), make('span', { class: 'count' }, pixels.toLocaleString('en').replaceAll(',', '\u202f')));
}
