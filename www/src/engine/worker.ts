// The engine's worker: holds one wasm engine and runs its decoding loop.

import type {
  Agreement,
  Answers,
  Engine,
  EngineModule,
  Outcome,
  Reply,
  Request,
  Signal,
  Speed,
} from './messages.ts';

// A flat grey 64 x 64 PNG for warming up and measuring.
const GREY =
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAKUlEQVR42u3MQREAAAwCIKMb3RD77SAA6VEEAoFAIBAIBAKBQCAQfA8G320AeXC6efoAAAAASUVORK5CYII=';

let engine: Engine | undefined;
let stopped = false;
let frameWanted = true;
let queue: Promise<void> = Promise.resolve();
/** Sentences to read, which do not wait for the end of a decoding. */
const reads: (Request & { kind: 'read' })[] = [];

const post = (reply: Reply, transfer: Transferable[] = []) => self.postMessage(reply, { transfer });

self.onmessage = (event: MessageEvent<Request | Signal>) => {
  const message = event.data;
  switch (message.kind) {
    case 'stop':
      stopped = true;
      return;
    case 'frame':
      frameWanted = true;
      return;
    case 'read':
      reads.push(message);
      queue = queue.then(answerReads);
      return;
    default:
      // One at a time: the engine's methods must not overlap.
      queue = queue.then(() => answer(message));
  }
};

// A panic inside a future traps the wasm: no promise settles, only these fire.
self.addEventListener('error', (event) => fatal('crash', event.message));
self.addEventListener('unhandledrejection', (event) => fatal('crash', String(event.reason)));

let fatalSent = false;
function fatal(cause: string, message: string): void {
  // The first report names the cause; what follows are its consequences.
  if (!fatalSent) post({ kind: 'fatal', cause, message });
  fatalSent = true;
}

async function answer(request: Request): Promise<void> {
  try {
    const value = await run(request);
    post({ id: request.id, kind: 'answer', value });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) {
      fatal('crash', error.message);
    } else {
      const message = error instanceof Error ? error.message : String(error);
      post({ id: request.id, kind: 'refused', message });
    }
  }
}

/** Reads what was typed meanwhile. Called between the engine's own calls only: they must not overlap. */
async function answerReads(): Promise<void> {
  for (const request of reads.splice(0)) await answer(request);
}

async function run(request: Request): Promise<Answers[keyof Answers]> {
  switch (request.kind) {
    case 'create':
      return create(request.glue, request.wasm);
    case 'load':
      return load(request.manifest, request.names, request.contents);
    case 'measure':
      return measure(request.tokens);
    case 'read':
      return opened().read(request.text);
    case 'segment':
      return segment(request);
    case 'sample':
      return sample(request);
  }
}

async function create(glue: string, wasm: Uint8Array): Promise<Answers['create']> {
  const begin = performance.now();
  const module = (await import(/* @vite-ignore */ glue)) as EngineModule;
  await module.default({ module_or_path: await WebAssembly.compile(wasm as BufferSource) });
  engine = await module.Engine.create(fatal);
  return { compileMs: performance.now() - begin };
}

async function load(
  manifest: Uint8Array,
  names: string[],
  contents: Uint8Array[],
): Promise<Answers['load']> {
  const begin = performance.now();
  await opened().load(manifest, names, contents);
  return { loadMs: performance.now() - begin };
}

/** A short decode of a grey picture: compiles all pipelines, and tells the speed of the passes after the first. */
async function measure(tokens: number): Promise<Speed> {
  const engine = opened();
  const image = Uint8Array.from(atob(GREY), (char) => char.charCodeAt(0));
  const begin = performance.now();
  await engine.start(image, 'grey test picture', 'left lung', 'speculative', new Uint32Array());
  await engine.next();
  const first = performance.now();
  let decoded = 0;
  for (let run = 1; run > 0 && decoded < tokens; decoded += run) run = (await engine.next()).tokens.length;
  const last = performance.now();
  await engine.partial();
  await engine.finish();
  // A model that sees nothing to draw gives the whole empty mask in the first pass.
  return { prefillMs: first - begin, msPerToken: decoded > 0 ? (last - first) / decoded : 0 };
}

async function segment(request: Request & { kind: 'segment' }): Promise<Outcome> {
  const engine = opened();
  const { id } = request;
  stopped = false;
  frameWanted = true;
  const begin = performance.now();
  const started = await engine.start(
    request.image,
    request.imageName,
    request.text,
    request.decode,
    new Uint32Array(),
  );
  const prefillMs = performance.now() - begin;
  post({ id, kind: 'started', started, prefillMs });

  const decodeBegin = performance.now();
  let complete = false;
  let maskDue = 0;
  while (!complete) {
    await breathe();
    if (stopped) break;
    const { tokens } = await engine.next();
    const last = tokens.at(-1);
    if (last) post({ id, kind: 'tokens', tokens });
    complete = !last || last.index + 1 === started.total;
    if (!complete && frameWanted && performance.now() >= maskDue) {
      const maskBegin = performance.now();
      await postMask(id);
      // Drawing may take a fifth of the time, decoding has the rest.
      maskDue = performance.now() + 4 * (performance.now() - maskBegin);
      frameWanted = false;
    }
  }
  const decodeMs = performance.now() - decodeBegin;
  if (!complete) await postMask(id);
  return { stopped: !complete, result: await engine.finish(), decodeMs };
}

async function postMask(id: number): Promise<void> {
  const mask = await opened().partial();
  post({ id, kind: 'mask', mask }, [mask.probability.buffer, mask.pending.buffer]);
}

/** Sampled masks, a token of each per pass. */
async function sample(request: Request & { kind: 'sample' }): Promise<Agreement | undefined> {
  const SEED = 1;
  const engine = opened();
  const { id, image, imageName, text, samples } = request;
  stopped = false;
  const { total } = await engine.startSampling(image, imageName, text, samples, 1, SEED);
  for (let done = 0; await engine.sample(); ) {
    post({ id, kind: 'sampled', done: ++done, total });
    await breathe();
    if (stopped) return undefined;
  }
  return engine.agreement();
}

function opened(): Engine {
  if (!engine) throw new Error('the engine is not started yet');
  return engine;
}

// One turn of the event loop, so that `stop` is heard, and sentences are read, between any two passes.
// A timer would be throttled to 4 ms; a channel is not.
const channel = new MessageChannel();
let resume = () => {};
channel.port1.onmessage = () => resume();
async function breathe(): Promise<void> {
  await new Promise<void>((resolve) => {
    resume = resolve;
    channel.port2.postMessage(undefined);
  });
  await answerReads();
}
