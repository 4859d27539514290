// Recordings: the ones that came with the page, those of the user's files, and making one.

import { fetchJson } from '../bundle/json.ts';
import { requestBytes } from '../bundle/loader.ts';
import { closePicture, openPicture } from '../picture/picture.ts';
import type { Context } from '../session/context.ts';
import { finished } from '../session/run.ts';
import { byId, make, makeButton, save } from '../ui/dom.ts';
import { inWords, say } from '../ui/words.ts';
import { addressOf } from './links.ts';
import { runOf, traceOf } from './replay.ts';
import { bytesOf, parseTrace, type Trace } from './trace.ts';

/** One line of traces/index.json. */
export interface TraceListing {
  file: string;
  /** Id and picture of the gallery. */
  example: string;
  image: string;
  sentence: string;
}

/** Plays a recording from its first token on. */
export async function replay(context: Context, trace: Trace): Promise<void> {
  const { session, actions } = context;
  await showPicture(context, trace);
  const { picture } = session;
  if (!picture) return;
  actions.say(trace.sentence);
  actions.present(runOf(trace, picture));
  session.scrub(0);
  document.querySelector<HTMLButtonElement>('[data-testid=play]')?.click();
}

/** The picture of a recording: of the gallery, of the file, or plain grey where the recording has none. */
async function showPicture(context: Context, { picture }: Trace): Promise<void> {
  const { actions } = context;
  if (picture.example) {
    if (context.example !== picture.example) await actions.openExample(picture.example);
    if (context.example === picture.example && context.session.picture?.width === picture.width) return;
  }
  const bytes = picture.file === undefined ? undefined : bytesOf(picture.file);
  const name = 'recording.png';
  // Whatever is no picture is refused here, before it takes the place of the one on screen.
  if (bytes) closePicture(await openPicture(name, bytes.slice(), context.imaging));
  const blob = bytes ? new Blob([bytes]) : await plain(picture.width, picture.height);
  await actions.openFiles([new File([blob], name)]);
}

async function plain(width: number, height: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  context.fillStyle = 'rgb(38 46 56)';
  context.fillRect(0, 0, width, height);
  return canvas.convertToBlob();
}

/** Fetches and plays one that came with the page. */
export async function replayShipped(context: Context, { file }: TraceListing): Promise<void> {
  const bytes = await requestBytes(new URL(`traces/${file}`, document.baseURI).href, file);
  await replay(context, parseTrace(new TextDecoder().decode(bytes), file));
}

export function listTraces(): Promise<readonly TraceListing[]> {
  return fetchJson('traces/index.json', document.baseURI, [], () => {});
}

/** What can be given to others: a recording, or a link. */
export function makeSharePanel(context: Context): HTMLElement {
  const { session } = context;
  const attempt = (work: () => Promise<unknown>) => () => void work().catch((error: unknown) => context.notifyError(error));
  const title = make('h2', { id: 'lesson-share-title' });
  const record = makeButton({ 'data-testid': 'record' }, '', attempt(() => saveTrace(context, include.checked)));
  const include = make('input', { type: 'checkbox', 'data-testid': 'record-picture' });
  const includeText = make('span');
  const includeLabel = make('label', { class: 'toggle' }, include, includeText);
  const copy = makeButton({ 'data-testid': 'copy-link' }, '', attempt(() => copyLink(context, said)));
  const open = make('input', { type: 'file', accept: '.json,application/json', 'data-testid': 'open-trace' });
  const openText = make('span');
  const said = make('p', { class: 'fine', role: 'status', 'data-testid': 'share-said' });
  const note = make('p', { class: 'fine' });
  open.addEventListener('change', () => {
    const [file] = open.files ?? [];
    open.value = '';
    if (file) attempt(async () => replay(context, parseTrace(await file.text(), file.name)))();
  });
  const show = () => {
    const run = session.settled?.run;
    title.textContent = say('shareTitle');
    record.textContent = say('record');
    record.disabled = !run || run.engine === 'replay' || !context.engine;
    includeText.textContent = say('includePicture');
    includeLabel.hidden = context.example !== undefined || record.disabled;
    copy.textContent = say('copyLink');
    openText.textContent = say('openTrace');
    note.textContent = say('shareNote');
  };
  session.watch(({ run }) => run, show);
  session.watch(({ picture }) => picture, () => {
    include.checked = false;
    said.textContent = '';
    show();
  });
  inWords(show);
  return make(
    'section',
    { class: 'card', id: 'lesson-share', 'aria-labelledby': 'lesson-share-title' },
    title,
    make('div', { class: 'lesson-buttons even' }, record, copy, make('label', { class: 'file-button' }, openText, open)),
    includeLabel,
    said,
    note,
  );
}

async function saveTrace(context: Context, includesPicture: boolean): Promise<void> {
  const { session, engine, example } = context;
  const run = finished(session.run);
  if (!run || !engine) return;
  const trace = traceOf(run, await engine.call('codebook'), { example, includesPicture });
  save(new Blob([JSON.stringify(trace)], { type: 'application/json' }), `${example ?? 'recording'}.mriseg-trace.json`);
}

async function copyLink(context: Context, said: HTMLElement): Promise<void> {
  const address = addressOf(context);
  try {
    await navigator.clipboard.writeText(address);
    said.textContent = say(context.example ? 'linkCopied' : 'linkCopiedOwn');
  } catch {
    // Without permission to write it, the address stands there to be copied.
    said.textContent = address;
  }
}

/** Says that what is on screen was recorded, in the badge of the engine and over the picture. */
export function connectReplayBadge({ session }: Context): void {
  const badge = make('p', { class: 'replay-badge', 'data-testid': 'replay-badge', hidden: true });
  byId('stage').append(badge);
  const show = () => {
    const run = session.settled?.run;
    const isReplay = run?.engine === 'replay';
    badge.hidden = !isReplay;
    badge.textContent = say('replayBadge');
    if (!isReplay || byId('badge').dataset.engine !== 'none') return;
    byId('badge-text').textContent = say('replayEngine', run.model.name);
  };
  session.watch(({ run }) => run, show);
  inWords(show);
}
