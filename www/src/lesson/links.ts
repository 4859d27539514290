// Deep links: what the address says is opened, and the address says what is on screen. A picture of the user's own is never
// in it, and a sentence about one only where he copies the link himself.

import { decodeLink, encodeLink, type Link } from '../link/link.ts';
import { SURENESS, type Context } from '../session/context.ts';
import type { Session } from '../session/session.ts';
import { byId } from '../ui/dom.ts';
import { framesOfRun } from './mini.ts';

/** Writing the address more often than this is refused by some browsers. */
const PAUSE_MS = 400;

/** What of the page a link needs to know. */
export interface Shown {
  example: string | undefined;
  sentence: string;
  model: string;
  seed: number | undefined;
  step: number | undefined;
  tab: string;
}

/** The link to what is shown; of an own picture nothing but the model and the panel, unless `copied`. */
export function linkTo({ example, sentence, model, seed, step, tab }: Shown, copied: boolean): Link {
  const told = example !== undefined || copied;
  return {
    ...(example !== undefined && { example }),
    ...(told && sentence.trim() && { sentence: sentence.trim() }),
    ...(model && { model }),
    ...(example !== undefined && seed !== undefined && { seed }),
    ...(example !== undefined && step !== undefined && { step }),
    ...(tab !== 'segment' && { tab }),
  };
}

function shown({ session, example }: Context): Shown {
  return {
    example,
    sentence: byId<HTMLTextAreaElement>('prompt').value,
    model: session.run?.model.id ?? byId<HTMLSelectElement>('model-select').value,
    seed: session.run?.sampled?.seed,
    step: session.live ? undefined : session.step,
    tab: document.body.dataset.tab ?? '',
  };
}

/** The address of what is on screen, to be given away. */
export function addressOf(context: Context): string {
  return new URL(encodeLink(linkTo(shown(context), true)) || '#', location.href.split('#')[0]).href;
}

/** Opens what the address says. With `?autorun` it segments, if nothing has to be downloaded for that. */
export async function followLink(context: Context): Promise<void> {
  const { actions, session } = context;
  const link = decodeLink(location);
  if (link.model) actions.useModel(link.model);
  if (link.tab === 'learn') byId('tab-learn').click();
  if (link.example && link.example !== context.example) await actions.openExample(link.example);
  if (link.model) actions.useModel(link.model);
  if (link.sentence) actions.say(link.sentence);
  const steps = link.step !== undefined || link.seed !== undefined;
  if (steps && link.example) once(session, ({ active }) => active, () => void resume(context, link));
  keepAddress(context);
  const { searchParams } = new URL(location.href);
  if (searchParams.has('autorun')) await autorun(context);
}

/** The seed and the step of a link, as soon as there is a mask to show them of. */
async function resume(context: Context, { sentence, step, seed, example }: Link): Promise<void> {
  const { session, actions } = context;
  const { run } = session;
  if (!run || context.example !== example || (sentence && run.prompt.trim() !== sentence)) return;
  // The page says first that the mask is done.
  await new Promise((resolve) => setTimeout(resolve));
  if (seed !== undefined) await actions.sample({ ...SURENESS, seed });
  if (step === undefined || step >= run.tokens.length) return;
  const frames = await framesOfRun(context, run);
  if (session.run?.tokens !== run.tokens) return;
  if (frames) session.learn(run, (known) => ({ ...known, frames }));
  session.scrub(step);
}

async function autorun({ actions, engine }: Context): Promise<void> {
  const button = byId<HTMLButtonElement>('segment');
  // Its label states what would be downloaded; without a label nothing is known yet.
  for (let tries = 0; tries < 40 && button.textContent === ''; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  if (engine || (button.dataset.downloads === '0' && !button.disabled)) await actions.segment();
  else button.focus();
}

function keepAddress(context: Context): void {
  const { session } = context;
  let before = encodeLink(linkTo(shown(context), false));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    timer = undefined;
    const now = encodeLink(linkTo(shown(context), false));
    if (now === before) return;
    before = now;
    history.replaceState(history.state, '', now || location.pathname + location.search);
  };
  const later = () => (timer ??= setTimeout(write, PAUSE_MS));
  session.watch((now) => now.run, later);
  session.watch((now) => now.step, later);
  session.watch((now) => now.picture, later);
  byId('prompt').addEventListener('input', later);
  for (const id of ['tab-segment', 'tab-learn', 'sentences', 'own-words']) byId(id).addEventListener('click', later);
  byId('model-select').addEventListener('change', later);
}

/** Calls `react` at the first value that `select` gives, and not again. */
function once<T>(session: Session, select: (session: Session) => T | undefined, react: () => void): void {
  let done = false;
  session.watch(select, (value) => {
    if (done || value === undefined) return;
    done = true;
    react();
  });
}
