// The mask after every token, for scrubbing: asked for when somebody is about to look.

import type { Context } from './context.ts';
import { tokenIds, type Run } from './run.ts';

/** What is being asked for. */
const asked = new WeakSet<Run['tokens']>();

export async function askFrames({ session, engine }: Pick<Context, 'session' | 'engine'>): Promise<void> {
  const run = session.settled?.run;
  if (!run || run.frames || !engine || asked.has(run.tokens)) return;
  asked.add(run.tokens);
  const frames = await engine.call('frames', tokenIds(run)).catch(() => undefined);
  if (frames) session.learn(run, (known) => ({ ...known, frames }));
  // A state that was gone back to may have the run without them.
  asked.delete(run.tokens);
}
