// Lessons: connects the tour, recordings, comparisons of decodings, links and presenting.

import type { Context } from '../session/context.ts';
import { byId, make, makeButton } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { makeAgreementPanel } from './agreement-panel.ts';
import { ComparePanel } from './compare-panel.ts';
import { ForcingPanel } from './forcing-panel.ts';
import { connectPresenter } from './presenter.ts';
import { connectReplayBadge, listTraces, makeSharePanel, replayShipped, type TraceListing } from './recordings.ts';
import { Tour } from './tour.ts';

export function connectLesson(context: Context): void {
  const compare = new ComparePanel(context);
  const tour = new Tour(context, () => compare.keep());
  byId('learn-wide').append(compare.element, new ForcingPanel(context).element);
  byId('learn-side').append(makeAgreementPanel(context), makeSharePanel(context));
  const start = makeStart(context, tour);
  document.querySelector('main')!.before(start.element);
  connectPresenter(context, () => void tour.start(start.button));
  connectReplayBadge(context);
}

/** What a teacher sees first: the tour, and decodings to watch without any model. */
function makeStart(context: Context, tour: Tour): { element: HTMLElement; button: HTMLElement } {
  const title = make('h2', { id: 'lesson-start-title' });
  const note = make('p');
  const button = makeButton({ class: 'primary', 'data-testid': 'start-tour' }, '', () => void tour.start(button));
  const replays = make('p', { class: 'label' });
  const replayNote = make('p', { class: 'fine' });
  const list = make('ul', { class: 'replays' });
  const watch = make('div', { class: 'lesson-watch', hidden: true }, replays, list, replayNote);
  const element = make(
    'section',
    { class: 'lesson-start', id: 'lesson-start', 'aria-labelledby': 'lesson-start-title' },
    make('div', { class: 'card' }, make('div', { class: 'lesson-invite' }, title, note, make('div', { class: 'lesson-buttons' }, button)), watch),
  );
  let traces: readonly TraceListing[] = [];
  const show = () => {
    title.textContent = say('startTitle');
    note.textContent = say('startNote');
    button.textContent = say('startTour');
    replays.textContent = say('replayTitle');
    replayNote.textContent = say('replayNote');
    list.replaceChildren(...traces.map((trace) => make('li', {}, replayButton(context, trace))));
  };
  inWords(show);
  void listTraces().then((found) => {
    traces = found;
    watch.hidden = traces.length === 0;
    tour.recording = traces.length === 0 ? undefined : (example) => replayShipped(context, traces.find((trace) => trace.example === example) ?? traces[0]!);
    show();
  });
  return { element, button };
}

function replayButton(context: Context, trace: TraceListing): HTMLButtonElement {
  const image = make('img', { src: `./gallery/${trace.image}`, alt: '', width: 44, height: 44, loading: 'lazy' });
  const label = make('span', { lang: 'en' }, trace.sentence);
  const content = make('span', { class: 'replay-content' }, image, label);
  return makeButton({ class: 'replay', 'data-testid': 'replay', 'data-file': trace.file }, content, () => {
    void replayShipped(context, trace).catch((error: unknown) => context.notifyError(error));
  });
}
