// Shows a state: status line, progress, counters and which controls work.

import { byId } from './dom.ts';
import { bytes, sentence } from './format.ts';
import { canSegment, describe, isBusy, progress, type State } from './state.ts';

export function render(state: State, hasPicture: boolean): void {
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
  if (state.name === 'encoding') tokenCount.textContent = '0 tokens';
  if (state.name === 'ready') tokenCount.textContent = '';
  if (state.name === 'decoding' || state.name === 'stopped') {
    tokenCount.textContent = `${state.token} / ${state.total} tokens`;
  }
  byId('byte-count').textContent =
    state.name === 'downloading' ? `${bytes(state.bytes)} of ${bytes(state.total)}` : '';

  const working = isBusy(state);
  const decoding = state.name === 'encoding' || state.name === 'decoding';
  const disabled = {
    'load-model': working || byId<HTMLSelectElement>('model-select').options.length === 0,
    'model-select': working,
    'engine-select': working,
    'clear-cache': working,
    segment: !canSegment(state) || !hasPicture,
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

export function showBadge(text: string, engine: 'cpu' | 'webgpu' | undefined): void {
  byId('badge').dataset.engine = engine ?? 'none';
  byId('badge-text').textContent = text;
}

export function showSideConvention(convention: string): void {
  const viewer = convention === 'viewer';
  byId('side-note').textContent = viewer
    ? '“Left” means the left side of the picture, as you see it.'
    : '“Left” means the patient’s left, which is on the right side of the picture.';
  const [left, right] = viewer ? ['left', 'right'] : ['right', 'left'];
  document.querySelector('.side.left')!.textContent = left;
  document.querySelector('.side.right')!.textContent = right;
}
