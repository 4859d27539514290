// The page's states and the only ways between them.

import { percent } from '../ui/format.ts';
import { say } from '../ui/words.ts';

export type State =
  | { name: 'probe' }
  | { name: 'idle' }
  | { name: 'downloading'; bytes: number; total: number }
  | { name: 'preparing'; what: string }
  | { name: 'ready' }
  | { name: 'encoding' }
  | { name: 'decoding'; token: number; total: number }
  | { name: 'done'; maskPixels: number; pixels: number }
  | { name: 'sampling'; token: number; total: number; maskPixels: number; pixels: number }
  | { name: 'stopped'; token: number; total: number }
  | { name: 'error'; message: string; remedy: string };

export type Event =
  | { type: 'probed' }
  | { type: 'download'; bytes: number; total: number }
  | { type: 'prepare'; what: string }
  | { type: 'prepared' }
  | { type: 'encode' }
  | { type: 'token'; token: number; total: number }
  | { type: 'finish'; maskPixels: number; pixels: number }
  | { type: 'stop'; token: number; total: number }
  | { type: 'sample'; token: number; total: number }
  | { type: 'sampled' }
  /** Another finding is shown, or its mask was changed, or it was decoded elsewhere. */
  | { type: 'present'; maskPixels: number; pixels: number }
  /** The same of one that was stopped. */
  | { type: 'presentPartial'; token: number; total: number }
  | { type: 'abandon' }
  /** Another picture is there; nothing of the one before is shown. */
  | { type: 'opened'; modelLoaded: boolean }
  | { type: 'fail'; message: string; remedy: string };

const RESTING: readonly State['name'][] = ['idle', 'ready', 'done', 'stopped', 'error'];
const BUSY: readonly State['name'][] = ['probe', 'downloading', 'preparing', 'encoding', 'decoding', 'sampling'];
const FROM: Record<Event['type'], readonly State['name'][]> = {
  probed: ['probe'],
  download: [...RESTING, 'downloading', 'preparing'],
  prepare: [...RESTING, 'downloading', 'preparing', 'encoding', 'decoding', 'sampling'],
  prepared: ['preparing'],
  encode: ['ready', 'done', 'stopped', 'error', 'encoding', 'decoding'],
  token: ['encoding', 'decoding'],
  finish: ['decoding'],
  stop: ['encoding', 'decoding'],
  sample: ['done', 'sampling'],
  sampled: ['sampling'],
  present: RESTING,
  presentPartial: RESTING,
  opened: [...RESTING, ...BUSY],
  abandon: ['ready', 'encoding', 'decoding', 'sampling'],
  fail: [...RESTING, ...BUSY],
};

/** The state after `event`; throws when the event makes no sense in `state`, which is our bug. */
export function next(state: State, event: Event): State {
  if (!FROM[event.type].includes(state.name)) {
    throw new Error(`event "${event.type}" is not possible in state "${state.name}"`);
  }
  switch (event.type) {
    case 'probed':
      return { name: 'idle' };
    case 'download':
      return { name: 'downloading', bytes: event.bytes, total: event.total };
    case 'prepare':
      return { name: 'preparing', what: event.what };
    case 'prepared':
    case 'abandon':
      return { name: 'ready' };
    case 'opened':
      // What is under way goes on, and says so itself.
      if (isBusy(state)) return state;
      return { name: event.modelLoaded ? 'ready' : 'idle' };
    case 'encode':
      return { name: 'encoding' };
    case 'token':
      return { name: 'decoding', token: event.token, total: event.total };
    case 'finish':
    case 'present':
      return { name: 'done', maskPixels: event.maskPixels, pixels: event.pixels };
    case 'stop':
    case 'presentPartial':
      return { name: 'stopped', token: event.token, total: event.total };
    case 'sample': {
      const { maskPixels, pixels } = state as State & { name: 'done' };
      return { name: 'sampling', token: event.token, total: event.total, maskPixels, pixels };
    }
    case 'sampled': {
      const { maskPixels, pixels } = state as State & { name: 'sampling' };
      return { name: 'done', maskPixels, pixels };
    }
    case 'fail': {
      const { message, remedy } = event;
      return { name: 'error', message, remedy };
    }
  }
}

/** Whether the page waits for something that is under way. */
export function isBusy(state: State): boolean {
  return BUSY.includes(state.name);
}

/** Whether Segment may be pressed. */
export function canSegment(state: State): boolean {
  return !isBusy(state);
}

/** Share of the work done, 0 to 1, or undefined where there is nothing to count. */
export function progress(state: State): number | undefined {
  if (state.name === 'downloading') return state.total > 0 ? state.bytes / state.total : 0;
  if (state.name === 'decoding' || state.name === 'sampling' || state.name === 'stopped') return state.total > 0 ? state.token / state.total : 0;
  return undefined;
}

/** One sentence for the status line. It changes at quarters only, so a screen reader is not flooded. */
export function describe(state: State): string {
  const quarter = Math.floor((progress(state) ?? 0) * 4) * 25;
  switch (state.name) {
    case 'probe':
      return say('status.probe');
    case 'idle':
      return say('status.idle');
    case 'downloading':
      return say('status.downloading', quarter);
    case 'preparing':
      return say('status.preparing', state.what);
    case 'ready':
      return say('status.ready');
    case 'encoding':
      return say('status.encoding');
    case 'decoding':
      return say('status.decoding', quarter);
    case 'sampling':
      return say('status.sampling', quarter);
    case 'done':
      return state.maskPixels === 0 ? say('status.empty') : say('status.done', percent(state.maskPixels / state.pixels));
    case 'stopped':
      return say('status.stopped', state.token, state.total);
    case 'error':
      return `${state.message} ${state.remedy}`.trim();
  }
}
