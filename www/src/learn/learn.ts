// How it works, for classes: connects the panels of this folder.

import type { Context } from '../session/context.ts';
import { byId, make } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { BlocksPanel } from './blocks.ts';
import { GuessPanel } from './guess.ts';
import { InspectorPanel } from './inspector.ts';
import { connectPicture } from './on-picture.ts';
import { SamplingPanel } from './sampling.ts';
import { SequencePanel } from './sequence.ts';
import { LearnState } from './state.ts';

export function connectLearn(context: Context): void {
  const state = new LearnState(context);
  const [side, wide] = [byId('learn-side'), byId('learn-wide')];
  const panels = [make('div', { class: 'learn-panels' }), make('div', { class: 'learn-panels' })] as const;
  const empty = make('p', { class: 'card fine', 'data-testid': 'learn-empty' });
  new InspectorPanel(panels[0], state);
  new SamplingPanel(panels[0], state);
  new GuessPanel(panels[0], state);
  new SequencePanel(panels[1], state);
  new BlocksPanel(panels[1], state);
  side.append(empty, panels[0]);
  wide.append(panels[1]);
  connectPicture(context, state);
  inWords(() => (empty.textContent = say('learn.empty')));
  context.session.watch(({ run }) => run !== undefined, (there) => {
    empty.hidden = there;
    for (const panel of panels) panel.hidden = !there;
  });
}
