// Teacher forcing beside free running: the model fed the true token before each prediction, and fed its own.

import { dice } from '../draw/dice.ts';
import type { Frames, TeacherForced } from '../engine/messages.ts';
import type { Context } from '../session/context.ts';
import { finished, mean, tokenIds, type FinishedRun } from '../session/run.ts';
import { fillPairs, make, makeButton } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { drawChart, makeChart } from './chart.ts';
import { accuracyByRow, compareTokens, draftsOf, equalText, meanByRow, partingText, probabilitiesOf } from './compare.ts';
import { MiniView, sceneWith, softLayer } from './mini.ts';

interface Forced {
  run: FinishedRun;
  forced: TeacherForced;
  /** Of the true token, by position, fed its own tokens. */
  own: readonly number[];
  /** The masks of what it predicts fed the truth, of which the last is shown. */
  frames: Frames;
}

export class ForcingPanel {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #title = make('h2', { id: 'lesson-forcing-title' });
  readonly #note = make('p', { class: 'fine' });
  readonly #ask: HTMLButtonElement;
  readonly #why = make('p', { class: 'fine' });
  readonly #box: HTMLElement;
  readonly #truthTitle = make('p', { class: 'run-title' });
  readonly #ownTitle = make('p', { class: 'run-title' });
  readonly #truthView = new MiniView('forcing-truth');
  readonly #ownView = new MiniView('forcing-own');
  readonly #chart = makeChart('forcing-chart');
  readonly #accuracy = makeChart('forcing-accuracy');
  readonly #accuracyTitle = make('p', { class: 'fine' });
  readonly #legend = make('p', { class: 'fine chart-legend' });
  readonly #figures = make('dl', { class: 'figures', 'data-testid': 'forcing-figures' });
  readonly #bias = make('p', { class: 'lesson-words' });
  readonly #nextK = make('p', { class: 'fine' });
  #known: Forced | undefined;

  constructor(context: Context) {
    this.#context = context;
    this.#ask = makeButton({ 'data-testid': 'teacher-force' }, '', () => void this.#run());
    const views = make(
      'div',
      { class: 'lesson-pair' },
      make('div', { class: 'side-run' }, this.#truthTitle, this.#truthView.element),
      make('div', { class: 'side-run' }, this.#ownTitle, this.#ownView.element),
    );
    const readings = make('div', { class: 'forcing-readings' }, this.#chart, this.#legend, this.#accuracyTitle, this.#accuracy);
    this.#box = make('div', { class: 'forcing', hidden: true }, make('div', { class: 'forcing-readings' }, views, this.#figures), readings);
    this.element = make(
      'section',
      { class: 'card', id: 'lesson-forcing', 'data-testid': 'lesson-forcing', 'aria-labelledby': 'lesson-forcing-title' },
      this.#title,
      this.#note,
      make('div', { class: 'lesson-buttons' }, this.#ask, this.#why),
      this.#box,
      this.#bias,
      this.#nextK,
    );
    context.session.watch(({ run }) => run, () => this.#show());
    inWords(() => this.#show());
  }

  async #run(): Promise<void> {
    const { session, engine } = this.#context;
    const run = finished(session.run);
    if (!run?.truth || !engine) return;
    this.#ask.disabled = true;
    const { width, height } = run.outcome.result;
    const asked = [run.picture.bytes, run.picture.name, run.asked] as const;
    try {
      const forced = await engine.call('teacherForce', ...asked, run.truth, width, height);
      const inspection = await engine.call('inspect', ...asked, tokenIds(run));
      const frames = await engine.call('frames', forced.predicted);
      const own = probabilitiesOf(forced.truth, inspection.probabilities, inspection.codes);
      this.#known = { run, forced, own, frames };
    } catch (error) {
      this.#context.notifyError(error);
    }
    this.#show();
  }

  #show(): void {
    const { session, engine } = this.#context;
    const run = session.settled?.run;
    this.#title.textContent = say('forcingTitle');
    this.#note.textContent = say('forcingNote');
    this.#ask.textContent = say('forcingAsk');
    const possible = run?.truth !== undefined && engine !== undefined && run.engine !== 'replay' && run.tokens.length > 0;
    this.#ask.disabled = !possible;
    this.#why.textContent = possible ? '' : say(!run ? 'needsMask' : run.engine === 'replay' || !engine ? 'needsModel' : 'needsTruth');
    this.#bias.textContent = say('exposureBias');
    const known = this.#known?.run.tokens === run?.tokens ? this.#known : undefined;
    this.#box.hidden = this.#nextK.hidden = !known;
    if (known) this.#draw(known);
  }

  #draw({ run, forced, own, frames }: Forced): void {
    const { started, tokens, picture } = run;
    const { truth, predicted } = forced;
    const fedTruth = compareTokens(predicted, truth);
    const fedOwn = compareTokens(tokenIds(run), truth);
    const size = frames.width * frames.height;
    const last = frames.frames.subarray((frames.count - 1) * size, frames.count * size);
    const wrong = (list: ArrayLike<number>) => Array.from(truth, (_, i) => i).filter((i) => list[i] !== truth[i]);
    const forcedScene = sceneWith(run, wrong(predicted));
    const mask = softLayer(last, frames.width, frames.height, forcedScene.grid.place);
    this.#truthTitle.textContent = say('fedTruth');
    this.#ownTitle.textContent = say('fedOwn');
    this.#truthView.show(picture, { ...forcedScene, mask }, say('fedTruth'));
    this.#ownView.show(picture, sceneWith(run, wrong(tokenIds(run))), say('fedOwn'), fedOwn.parting);
    const columns = started.columns;
    const values = Array.from(forced.probabilities);
    drawChart(
      this.#chart,
      [
        { name: 'truth', values, means: meanByRow(values, columns) },
        { name: 'own', values: own, means: meanByRow(own, columns) },
      ],
      fedOwn.parting,
      { label: say('chartLabel'), across: say('chartAcross'), mark: say('parting') },
    );
    this.#accuracyTitle.textContent = say('accuracyTitle');
    drawChart(
      this.#accuracy,
      [
        { name: 'truth', values: [], means: accuracyByRow(predicted, truth, columns) },
        { name: 'own', values: [], means: accuracyByRow(tokenIds(run), truth, columns) },
      ],
      undefined,
      { label: say('accuracyTitle'), across: say('accuracyAcross'), mark: '' },
    );
    this.#legend.replaceChildren(
      make('span', { class: 'key truth' }, say('fedTruth')),
      make('span', { class: 'key own' }, say('fedOwn')),
      make('span', {}, say('chartLegend')),
    );
    if (fedOwn.equal >= fedTruth.equal) this.#bias.textContent = `${say('exposureBias')} ${say('exposureBiasNone')}`;
    fillPairs(this.#figures, [
      [`${say('rightTokens')}, ${say('fedTruth')}`, equalText(fedTruth)],
      [`${say('rightTokens')}, ${say('fedOwn')}`, equalText(fedOwn)],
      [say('partsFromTruth'), partingText(fedOwn, columns)],
      [say('meanTrue'), `${mean(forced.probabilities).toFixed(3)} / ${mean(own).toFixed(3)}`],
      [say('diceTruth'), dice(run.truth!, run.outcome.result.mask).toFixed(3)],
    ]);
    const { passes, proposed, accepted } = draftsOf(run.passes, tokens.map(({ token }) => token));
    this.#nextK.textContent = say('nextK') + (proposed > 0 ? ` ${say('nextKCount', passes, tokens.length, proposed, accepted)}` : '');
  }
}
