// Pictures that come to the page from outside: files and folders that are dropped, pictures that are dragged or copied from
// another page, and what is pasted.

import { droppedFiles } from '../bundle/drop.ts';
import { requestBytes } from '../bundle/loader.ts';
import { say } from '../ui/words.ts';

/**
 * Takes what is dropped or pasted anywhere: a browser that got it beside the picture would leave the page. `take` opens
 * files, `fail` hears why there are none.
 */
export function acceptPictures(stage: HTMLElement, take: (files: readonly File[]) => Promise<void>, fail: (error: unknown) => void): void {
  document.addEventListener('dragover', (event) => {
    if (!carriesPicture(event.dataTransfer, event.target)) return;
    event.preventDefault();
    event.dataTransfer!.dropEffect = 'copy';
    stage.classList.add('dropping');
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) stage.classList.remove('dropping');
  });
  document.addEventListener('drop', (event) => {
    stage.classList.remove('dropping');
    const { dataTransfer: data } = event;
    if (!data || !carriesPicture(data, event.target)) return;
    event.preventDefault();
    // Read at once: afterwards the browser has forgotten it.
    const address = addressIn(data);
    const names = Array.from(data.items, (item) => item.webkitGetAsEntry?.()?.name ?? '').filter(Boolean);
    void filesIn(droppedFiles(data), address, names).then(take).catch(fail);
  });
  document.addEventListener('paste', (event) => {
    const { clipboardData: data } = event;
    // Words that are pasted into the sentence may come with a picture of themselves.
    if (!data || (isEditable(event.target) && data.types.includes('text/plain'))) return;
    const files = Array.from(data.files);
    const address = addressIn(data);
    if (files.length === 0 && address === undefined) return;
    event.preventDefault();
    void filesIn(Promise.resolve(files), address, []).then(take).catch(fail);
  });
}

/** Files, or a picture of a page; not text for the sentence. */
function carriesPicture(data: DataTransfer | null, target: EventTarget | null): boolean {
  if (data?.types.includes('Files')) return true;
  return (data?.types.includes('text/uri-list') ?? false) && !isEditable(target);
}

function isEditable(target: EventTarget | null): boolean {
  return target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
}

/** The address of a picture that was dragged or copied out of a page; of a link where there is no picture. */
function addressIn(data: DataTransfer): string | undefined {
  const html = data.getData('text/html');
  const source = html && new DOMParser().parseFromString(html, 'text/html').querySelector('img[src]')?.getAttribute('src');
  const [listed] = data.getData('text/uri-list').split(/\r?\n/).filter((line) => line && !line.startsWith('#'));
  return source || listed || undefined;
}

/** The files, else the one at `address`; throws an Error for the user where there are neither. `names` are those of folders. */
async function filesIn(dropped: Promise<readonly File[]>, address: string | undefined, names: readonly string[]): Promise<readonly File[]> {
  const files = await dropped;
  if (files.length > 0) return files;
  if (address !== undefined) return [await fileAt(address)];
  throw new Error(names.length > 0 ? say('emptyFolder', names.join(', ')) : say('nothingDropped'));
}

/** The file at an address of this page's own host, or one that is its own address (data:). Other hosts are never asked. */
async function fileAt(address: string): Promise<File> {
  const url = URL.canParse(address, document.baseURI) ? new URL(address, document.baseURI) : undefined;
  if (url?.protocol === 'data:') return fileOf(url);
  if (!url || url.origin !== location.origin) throw new Error(say('otherHost', url?.host || say('anotherPage')));
  const name = decodeURIComponent(url.pathname.split('/').at(-1) || url.host);
  return new File([await requestBytes(url.href, name)], name);
}

/** A data: address, read without a request: the page's policy allows none. */
function fileOf({ pathname }: URL): File {
  const comma = pathname.indexOf(',');
  const [header, body] = [pathname.slice(0, comma), decodeURIComponent(pathname.slice(comma + 1))];
  const text = /;base64$/i.test(header) ? atob(body) : body;
  return new File([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], `dropped.${/^image\/(\w+)/.exec(header)?.[1] ?? 'png'}`);
}
