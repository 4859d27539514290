// The worker of the imaging module: holds its wasm and the files that are open.

import type { Answers, ImagingModule, Reply, Request, Study } from './messages.ts';

let module: ImagingModule | undefined;
let memory: WebAssembly.Memory | undefined;
const studies = new Map<number, Study>();
let lastStudy = 0;
let queue: Promise<void> = Promise.resolve();

const post = (reply: Reply, transfer: Transferable[] = []) => self.postMessage(reply, { transfer });

self.onmessage = (event: MessageEvent<Request>) => {
  const request = event.data;
  queue = queue.then(() => answer(request));
};

async function answer(request: Request): Promise<void> {
  try {
    const value = request.kind === 'create' ? await create(request.glue, request.wasm) : run(request);
    post({ id: request.id, kind: 'answer', value, memory: taken() }, buffers(value));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof WebAssembly.RuntimeError) post({ kind: 'fatal', message });
    else post({ id: request.id, kind: 'refused', message, memory: taken() });
  }
}

function taken(): number {
  return memory?.buffer.byteLength ?? 0;
}

async function create(glue: string, wasm: Uint8Array): Promise<undefined> {
  const loaded = (await import(/* @vite-ignore */ glue)) as ImagingModule;
  ({ memory } = await loaded.default({ module_or_path: await WebAssembly.compile(wasm as BufferSource) }));
  module = loaded;
}

function run(request: Exclude<Request, { kind: 'create' }>): Answers[keyof Answers] {
  if (!module) throw new Error('the imaging module is not started yet');
  switch (request.kind) {
    case 'open': {
      const opened = module.open(request.bytes, request.name);
      studies.set(++lastStudy, opened);
      return { study: lastStudy, info: opened.info() };
    }
    case 'render':
      return study(request).render(request.frame, request.centre, request.width, request.invert, request.longest);
    case 'value':
      return [...study(request).value(request.frame, request.x, request.y)];
    case 'auto':
      return study(request).auto(request.frame);
    case 'picture':
      return study(request).picture(request.frame);
    case 'segmentation':
      return study(request).segmentation(request.frame, request.segments);
    case 'nifti':
      return module.nifti(request.mask, request.width, request.height, request.spacing);
    case 'close':
      study(request).free();
      studies.delete(request.study);
      return undefined;
  }
}

function study(request: { study: number }): Study {
  const found = studies.get(request.study);
  if (!found) throw new Error('the file is closed; open it again');
  return found;
}

/** Large answers move to the page; they are copies of the module's memory already. */
function buffers(value: Answers[keyof Answers]): Transferable[] {
  if (value instanceof Uint8Array) return [value.buffer];
  if (typeof value === 'object' && 'rgba' in value) return [value.rgba.buffer];
  return [];
}
