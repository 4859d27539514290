// Shows a state: status line, progress, counters and which controls work.

import { byId } from '../ui/dom.ts';
import { bytes, sentence } from '../ui/format.ts';
import { say } from '../ui/words.ts';
import { canSegment, describe, isBusy, progress, type State } from './state.ts';

export function render(state: State, hasPicture: boolean, hasModel: boolean): void {
  const status = byId('status');
  const text = describe(state);
  // Rewriting the same text would be announced again.
  if (status.textContent !== text) status.textContent = text;
  status.dataset.state = state.name;

  const bar = byId<HTMLProgressElement>('progress');
  const share = progress(state);
  // Without a value the bar is an endless one: right while something is prepared, wrong at rest.
  if (share === undefined && isBusy(state)) bar.removeAttribute('value');
  else bar.value = share ?? (state.name === 'done' ? 1 : 0);

  const tokenCount = byId('token-count');
  if (state.name === 'encoding') tokenCount.textContent = say('noTokens');
  if (state.name === 'ready' || state.name === 'idle') tokenCount.textContent = '';
  if (state.name === 'decoding' || state.name === 'stopped') {
    tokenCount.textContent = say('tokensOf', state.token, state.total);
  }
  byId('byte-count').textContent =
    state.name === 'downloading' ? say('bytesOf', bytes(state.bytes), bytes(state.total)) : '';

  const working = isBusy(state);
  const decoding = state.name === 'encoding' || state.name === 'decoding';
  const disabled = {
    'load-model': working || !hasModel,
    'model-select': working,
    'engine-select': working,
    'clear-cache': working,
    segment: !canSegment(state) || !hasPicture || !hasModel,
    stop: !decoding && state.name !== 'sampling',
    sample: state.name !== 'done',
  };
  for (const [id, value] of Object.entries(disabled)) byId<HTMLButtonElement>(id).disabled = value;
  byId('stage').dataset.busy = String(decoding);
}

/** A message that stays until the next action: what went wrong around the run, not in it. */
export function showNotice(text: string): void {
  const notice = byId('notice');
  notice.hidden = text === '';
  notice.textContent = text;
}

/** One fine line under the picture: what was done to it before the model read it. */
export function showPictureNotes(notes: readonly string[]): void {
  byId('picture-notes').textContent = notes.map(sentence).join(' ');
}

/** Names the sides of the picture, as the words of the user mean them. */
export function showSides(words: 'viewer' | 'patient'): void {
  const [left, right] = words === 'viewer' ? (['left', 'right'] as const) : (['right', 'left'] as const);
  document.querySelector('.side.left')!.textContent = say(left);
  document.querySelector('.side.right')!.textContent = say(right);
}
