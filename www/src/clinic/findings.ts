// The sentences that were segmented on this picture, each with its mask: to show, hide, go back to and delete.

import { colourOf, css } from '../draw/palette.ts';
import type { Context } from '../session/context.ts';
import {
  packedOf,
  withActive,
  withAllVisible,
  withVisible,
  withoutFinding,
  type Finding,
} from '../session/document.ts';
import { byId, make, makeButton } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { shapeLine, sizeLine } from './figures.ts';
import { icon } from '../ui/icons.ts';
import { measure } from './measure.ts';

export function connectFindings(context: Context): void {
  const { session, actions } = context;
  const list = make('ul', { class: 'findings' });
  const title = make('h2', { id: 'findings-title' });
  const all = makeButton({ class: 'link', 'data-testid': 'show-all' }, '', () => session.show(withAllVisible(session.document)));
  const card = make('section', { class: 'card', 'aria-labelledby': 'findings-title' }, make('div', { class: 'clinic-head' }, title, all), list);
  byId('clinic').append(card);

  const select = (finding: Finding) => {
    if (session.live) return;
    session.show(withActive(session.document, finding.id));
    actions.say(finding.run.prompt);
  };
  const remove = (finding: Finding) => {
    session.record(say('findingDeleted', finding.run.prompt), withoutFinding(session.document, finding.id));
    if (session.active) actions.say(session.active.run.prompt);
  };
  const show = () => {
    const { document: known, picture } = session;
    title.textContent = say('findings');
    all.textContent = say('showAll');
    card.hidden = known.findings.length === 0;
    all.hidden = known.findings.every(({ visible }) => visible);
    const focused = document.activeElement?.getAttribute('data-key');
    list.replaceChildren(
      ...known.findings.map((finding) =>
        row(finding, finding.id === known.active, {
          select: () => select(finding),
          toggle: () => session.show(withVisible(session.document, finding.id, !finding.visible)),
          remove: () => remove(finding),
          measures: measure(packedOf(finding), picture?.spacing),
        }),
      ),
    );
    // The list is made anew: whoever was on a button of it stays there.
    if (focused) list.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
  };
  session.watch((now) => now.document, show);
  session.watch(({ picture }) => picture, show);
  inWords(show);
}

interface RowParts {
  select(): void;
  toggle(): void;
  remove(): void;
  measures: ReturnType<typeof measure>;
}

function row({ id, run, corrected, visible }: Finding, active: boolean, parts: RowParts): HTMLLIElement {
  const swatch = make('span', { class: 'swatch', 'aria-hidden': true }, String(id));
  swatch.style.background = css(colourOf(id));
  const { measures } = parts;
  const lines = [make('span', { class: 'prompt', lang: 'en' }, run.prompt), make('span', { class: 'fine' }, sizeLine(measures, run.picture.spacing) + (corrected ? ` · ${say('corrected')}` : ''))];
  if (active) lines.push(make('span', { class: 'fine' }, shapeLine(measures)));
  const choose = makeButton(
    { class: 'finding-name', 'data-testid': 'finding', 'data-key': `name-${id}`, 'aria-pressed': String(active), title: say('selectFinding') },
    make('span', { class: 'lines' }, ...lines),
    parts.select,
  );
  choose.prepend(swatch);
  const name = (what: 'showFinding' | 'hideFinding' | 'deleteFinding') => ({ 'aria-label': say(what, id), title: say(what, id) });
  const eye = makeButton(
    { class: 'icon', 'data-testid': 'finding-visible', 'data-key': `eye-${id}`, 'aria-pressed': String(visible), ...name(visible ? 'hideFinding' : 'showFinding') },
    icon(visible ? 'shown' : 'concealed'),
    parts.toggle,
  );
  const bin = makeButton({ class: 'icon', 'data-testid': 'finding-delete', ...name('deleteFinding') }, icon('remove'), parts.remove);
  return make('li', { class: active ? 'finding active' : 'finding' }, choose, eye, bin);
}
