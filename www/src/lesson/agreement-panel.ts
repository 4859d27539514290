// What several sampled masks share: their mean, as one soft mask.

import type { Context } from '../session/context.ts';
import { mean } from '../session/run.ts';
import { make } from '../ui/dom.ts';
import { percent } from '../ui/format.ts';
import { inWords, say } from '../ui/words.ts';
import { MiniView, sceneWith, softLayer } from './mini.ts';

/** Of a cell in which all masks agree, but for rounding. */
const ALL = 0.999;

export function makeAgreementPanel({ session }: Context): HTMLElement {
  const title = make('h2', { id: 'lesson-agreement-title' });
  const view = new MiniView('mean-mask');
  const told = make('p', { 'data-testid': 'mean-told' });
  const note = make('p', { class: 'fine' });
  const element = make(
    'section',
    { class: 'card', id: 'lesson-agreement', 'aria-labelledby': 'lesson-agreement-title', hidden: true },
    title,
    view.element,
    told,
    note,
  );
  const show = () => {
    const run = session.settled?.run;
    const sampled = run?.sampled;
    element.hidden = !sampled;
    if (!run || !sampled) return;
    const { masks, done, cells } = sampled;
    title.textContent = say('sharedTitle', masks);
    note.textContent = say('sharedNote');
    const all = Array.from(cells).filter((share) => share > ALL).length;
    told.textContent = say('sharedTold', all, cells.length, percent(mean(cells)));
    const scene = sceneWith(run, []);
    // The model's resolution is that of a square.
    const side = Math.round(Math.sqrt(sampled.mean.length));
    const drawn = scene.cells.map((token) => (token && token.index < done ? token : undefined));
    const mask = softLayer(sampled.mean, side, side, scene.grid.place);
    view.show(run.picture, { ...scene, cells: drawn, freshFrom: Infinity, mask }, title.textContent);
  };
  session.watch(({ settled }) => settled?.run.sampled, show);
  inWords(show);
  return element;
}
