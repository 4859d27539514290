// The steps of the guided tour: what each points at, and what it does with the real model.

import { SURENESS, type Context } from '../session/context.ts';
import { withActive, withFinding, type Document } from '../session/document.ts';
import { countMask, finished, mean, tokenIds, type FinishedRun } from '../session/run.ts';
import { byId } from '../ui/dom.ts';
import { percent } from '../ui/format.ts';
import { say } from '../ui/words.ts';
import { coverage, tellingCells, type Telling } from './cells.ts';
import { compareTokens, diceOfTruth } from './compare.ts';
import { framesOfRun } from './mini.ts';

/** What the tour has at hand. */
export interface Stand {
  context: Context;
  /** Keeps the run on screen in the comparison. */
  keep(): void;
  /** The first run of the tour, which its steps are about. */
  base: FinishedRun | undefined;
}

export interface Step {
  name: 'question' | 'segment' | 'token' | 'codes' | 'order' | 'error' | 'correction' | 'attention' | 'agreement' | 'wrong';
  /** Selectors of what is lit: all that are there. */
  targets: readonly string[];
  /** What must be there for it: a mask, recorded or not, or a running model. */
  needs?: 'mask' | 'model';
  /** Does what the step shows, and tells what came of it. */
  act(stand: Stand): Promise<string>;
}

/** A picture with two findings is quickly told. */
const EXAMPLE = 'phantom-3';

export const STEPS: readonly Step[] = [
  { name: 'question', targets: ['.sentence #form'], act: openExample },
  { name: 'segment', targets: ['#stage', '.viewer > .progress'], needs: 'mask', act: segment },
  { name: 'token', targets: ['#stage'], needs: 'mask', act: showToken },
  { name: 'codes', targets: ['section:has([data-testid=learn-codes])'], needs: 'model', act: openInspector },
  { name: 'order', targets: ['#stage', '#timeline'], needs: 'mask', act: play },
  { name: 'error', targets: ['#lesson-compare .lesson-pair'], needs: 'model', act: makeError },
  { name: 'correction', targets: ['#lesson-compare .lesson-pair'], needs: 'model', act: correct },
  { name: 'attention', targets: ['section:has([data-testid=learn-line])'], needs: 'model', act: showAttention },
  { name: 'agreement', targets: ['#stage'], needs: 'model', act: showAgreement },
  { name: 'wrong', targets: ['#stage', '.viewer > .progress'], needs: 'model', act: askWrongly },
];

async function openExample({ context, base }: Stand): Promise<string> {
  const { actions } = context;
  pause();
  resetPanels();
  if (context.session.step !== undefined) context.session.scrub(undefined);
  const there = document.querySelector<HTMLElement>(`.thumb[data-id="${EXAMPLE}"]`) ?? document.querySelector<HTMLElement>('.thumb');
  const id = there?.dataset.id;
  if (id && context.example !== id) await actions.openExample(id);
  const sentence = base?.prompt ?? sentenceOf('full');
  if (sentence) actions.say(sentence);
  return '';
}

/** A sentence that the gallery has for the picture. */
function sentenceOf(kind: string): string | undefined {
  return document.querySelector<HTMLButtonElement>(`#sentences [data-kind=${kind}]`)?.value;
}

async function segment(stand: Stand): Promise<string> {
  const { context } = stand;
  if (!stand.base || context.session.picture !== stand.base.picture) {
    if (context.engine) await slowly(() => context.actions.segment());
    const run = finished(context.session.run);
    // A recording that was watched before is no reason not to offer the model.
    stand.base = run?.engine === 'replay' ? undefined : run;
  } else await restore(stand);
  const run = stand.base;
  if (!run) return '';
  const { total, rows, columns } = run.started;
  return say('toldSegment', total, rows, columns, run.passes.length);
}

/** Does `work` at a pace that can be watched. */
export async function slowly(work: () => Promise<void>): Promise<void> {
  const pace = document.querySelector<HTMLSelectElement>('[data-testid=pace-select]')!;
  const before = pace.value;
  const set = (value: string) => {
    pace.value = value;
    pace.dispatchEvent(new Event('change'));
  };
  set('slow');
  await work().finally(() => set(before));
}

/** The first run of the tour as it was, whatever a step made of it. */
async function restore({ context, base }: Stand): Promise<void> {
  const { session, viewer } = context;
  pause();
  viewer.cursor = undefined;
  const finding = session.document.findings.find(({ run }) => run.prompt === base?.prompt);
  if (base && finding && finding.run.tokens !== base.tokens) {
    session.show(alone(withFinding(session.document, finding.id, (now) => ({ ...now, run: base })), finding.id));
  } else if (finding && session.active !== finding) session.show(alone(session.document, finding.id));
  if (session.step !== undefined) session.scrub(undefined);
}

/** A finding without the others over it. */
function alone(document: Document, id: number): Document {
  const hidden = { ...document, findings: document.findings.map((finding) => ({ ...finding, visible: false })) };
  return withActive(hidden, id);
}

/** Dials and choices of an earlier visit to the panels, as they are at the beginning. */
function resetPanels(): void {
  const dial = document.querySelector<HTMLInputElement>('[data-testid=learn-dial]');
  if (dial && dial.value !== '1') {
    dial.value = '1';
    dial.dispatchEvent(new Event('input', { bubbles: true }));
  }
  document.querySelector<HTMLButtonElement>('[data-testid=learn-all-heads]:not([hidden], :disabled)')?.click();
}

/** Stops the timeline, if it plays. */
export function pause(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-testid=play][data-symbol=pause]');
  button?.click();
}

function telling(run: FinishedRun): Telling | undefined {
  const { mask, width, height } = run.outcome.result;
  return tellingCells(coverage(mask, width, height, run.started));
}

/** Shows the mask up to the token of a cell that an outline runs through, or, where that is the next one, without it. */
async function pointAtToken(stand: Stand, isNext: boolean): Promise<number> {
  const { context, base } = stand;
  const { session, viewer } = context;
  await restore(stand);
  const index = telling(base!)?.edge ?? Math.floor(base!.tokens.length / 2);
  const frames = await framesOfRun(context, base!);
  if (frames) session.learn(base!, (known) => ({ ...known, frames }));
  session.scrub(isNext ? index : index + 1);
  viewer.cursor = index;
  viewer.redraw();
  return index;
}

async function showToken(stand: Stand): Promise<string> {
  const index = await pointAtToken(stand, false);
  const { token, row, column } = stand.base!.tokens[index]!;
  return say('toldToken', index + 1, token, row + 1, column + 1);
}

async function openInspector(stand: Stand): Promise<string> {
  const index = await pointAtToken(stand, true);
  const { token, probability } = stand.base!.tokens[index]!;
  return say('toldCodes', token, percent(probability));
}

async function play(stand: Stand): Promise<string> {
  const { context } = stand;
  await restore(stand);
  context.session.scrub(0);
  document.querySelector<HTMLButtonElement>('[data-testid=play]')?.click();
  const { passes, tokens } = stand.base!;
  return say('toldOrder', tokens.length, passes.length);
}

/** The wrong token that the tour puts in: nothing, where the mask covers a cell. */
function mistake(run: FinishedRun): { index: number; right: number; wrong: number } {
  const { inside, outside } = telling(run) ?? { inside: 0, outside: run.tokens.length - 1 };
  return { index: inside, right: run.tokens[inside]!.token, wrong: run.tokens[outside]!.token };
}

async function makeError(stand: Stand): Promise<string> {
  const { context, keep } = stand;
  await restore(stand);
  const { index, right, wrong } = mistake(stand.base!);
  keep();
  await context.actions.branch(index, wrong);
  const run = finished(context.session.run)!;
  const { common, equal } = compareTokens(tokenIds(stand.base!), tokenIds(run));
  return say('toldError', index + 1, wrong, right, common - equal - 1, common - index - 1) + diceChange(stand.base!, run);
}

async function correct(stand: Stand): Promise<string> {
  const { context, keep } = stand;
  const { index, right, wrong } = mistake(stand.base!);
  let run = finished(context.session.run)!;
  if (run.tokens[index]?.token !== wrong) {
    await restore(stand);
    await context.actions.branch(index, wrong);
    run = finished(context.session.run)!;
  }
  keep();
  await context.actions.branch(index, right);
  const now = finished(context.session.run)!;
  const same = compareTokens(tokenIds(stand.base!), tokenIds(now)).parting === undefined;
  return say(same ? 'toldCorrection' : 'toldCorrectionOther', index + 1, right) + diceChange(run, now);
}

function diceChange(before: FinishedRun, after: FinishedRun): string {
  const [a, b] = [before, after].map((run) => diceOfTruth(run)?.toFixed(2));
  return a !== undefined && b !== undefined ? ` ${say('toldDice', a, b)}` : '';
}

async function showAttention(stand: Stand): Promise<string> {
  await pointAtToken(stand, true);
  return '';
}

async function showAgreement(stand: Stand): Promise<string> {
  const { context } = stand;
  await restore(stand);
  const known = context.session.run?.sampled;
  if (known?.done !== stand.base!.started.total) await context.actions.sample(SURENESS);
  const sampled = context.session.run?.sampled;
  if (!sampled) return '';
  const differing = Array.from(sampled.cells).filter((share) => share < 0.999).length;
  return say('toldAgreement', sampled.masks, differing, sampled.cells.length, percent(mean(sampled.cells)));
}

async function askWrongly(stand: Stand): Promise<string> {
  const { context } = stand;
  await restore(stand);
  const sentence = sentenceOf('wrong');
  if (!sentence) return '';
  context.actions.say(sentence);
  const known = context.session.document.findings.find(({ run }) => run.prompt === sentence);
  if (known) context.session.show(alone(context.session.document, known.id));
  else await context.actions.segment();
  const run = finished(context.session.run);
  if (!run) return '';
  const { mask } = run.outcome.result;
  const area = countMask(mask);
  return area === 0 ? say('toldWrongEmpty', sentence) : say('toldWrong', sentence, percent(area / mask.length));
}

/** What the button of the page says, with the size of a download where there is one. */
export function segmentLabel(): string {
  return byId('segment').textContent ?? '';
}
