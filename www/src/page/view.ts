// Shows a state: status line, progress, counters and which controls work.

import { byId } from './dom.ts';
import { bytes, sentence } from './format.ts';
import { canSegment, describe, isBusy, progress, type State } from './state.ts';

const status = byId('status');
const bar = byId<HTMLProgressElement>('progress');
const tokenCount = byId('token-count');
const byteCount = byId('byte-count');
const load = byId<HTMLButtonElement>('load-model');
const segment = byId<HTMLButtonElement>('segment');
const stop = byId<HTMLButtonElement>('stop');
const sample = byId<HTMLButtonElement>('sample');
const modelSelect = byId<HTMLSelectElement>('model-select');
const engineSelect = byId<HTMLSelectElement>('engine-select');
const clearCache = byId<HTMLButtonElement>('clear-cache');

export function render(state: State, hasPicture: boolean): void {
  const text = describe(state);
  // Rewriting the same text would be announced again.
  if (status.textContent !== text) status.textContent = text;
  status.dataset.state = state.name;

  const share = progress(state);
  // Without a value the bar is an endless one: right while something is prepared, wrong at rest.
  if (share === undefined && isBusy(state)) bar.removeAttribute('value');
  else bar.value = share ?? (state.name === 'done' ? 1 : 0);

  if (state.name === 'encoding') tokenCount.textContent = '0 tokens';
  if (state.name === 'ready') tokenCount.textContent = '';
  if (state.name === 'decoding' || state.name === 'stopped') {
    tokenCount.textContent = `${state.token} / ${state.total} tokens`;
  }
  byteCount.textContent =
    state.name === 'downloading' ? `${bytes(state.bytes)} of ${bytes(state.total)}` : '';

  const working = isBusy(state);
  const decoding = state.name === 'encoding' || state.name === 'decoding';
  load.disabled = working || modelSelect.options.length === 0;
  modelSelect.disabled = working;
  engineSelect.disabled = working;
  clearCache.disabled = working;
  segment.disabled = !canSegment(state) || !hasPicture;
  stop.disabled = !decoding && state.name !== 'sampling';
  sample.disabled = state.name !== 'done';
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
