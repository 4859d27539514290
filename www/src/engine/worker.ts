// The engine's worker: holds one wasm engine and runs its decoding loop.

import {
  AT_ONCE,
  type Answers,
  type Engine,
  type EngineCalls,
  type EngineModule,
  type Outcome,
  type Reply,
  type Request,
  type Signal,
  type Speed,
} from './messages.ts';

// A black 8 x 8 PNG for warming up and measuring.
const BLACK = 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAC0lEQVQYGWOgEgAAAEgAAZXLigoAAAAASUVORK5CYII=';

let engine: Engine | undefined;
let memory: WebAssembly.Memory | undefined;
let stopped = false;
let frameWanted = true;
/** Whether the next pass waits for the signal `pass`. */
let paced = false;
let allowed = 0;
let allow = () => {};
let queue: Promise<void> = Promise.resolve();
/** Questions about sentences and masks, which do not wait for the end of a decoding. */
const quick: (Request & { kind: 'call' })[] = [];

const post = (reply: Reply, transfer: Transferable[] = []) => self.postMessage(reply, { transfer });

self.onmessage = (event: MessageEvent<Request | Signal>) => {
  const message = event.data;
  switch (message.kind) {
    case 'stop':
      stopped = true;
      return allow();
    case 'frame':
      frameWanted = true;
      return;
    case 'pass':
      allowed += 1;
      return allow();
    case 'pace':
      ({ paced } = message);
      return allow();
    default:
      if (message.kind === 'call' && AT_ONCE.includes(message.method)) {
        quick.push(message);
        queue = queue.then(answerQuick);
        // A paced decoding that waits answers meanwhile.
        return allow();
      }
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
    post({ id: request.id, kind: 'answer', value, memory: memory?.buffer.byteLength ?? 0 });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) {
      fatal('crash', error.message);
    } else {
      const message = error instanceof Error ? error.message : String(error);
      post({ id: request.id, kind: 'refused', message });
    }
  }
}

/** Answers what was asked meanwhile. Called between the engine's own calls only: they must not overlap. */
async function answerQuick(): Promise<void> {
  for (const request of quick.splice(0)) await answer(request);
}

async function run(request: Request): Promise<Answers[keyof Answers]> {
  switch (request.kind) {
    case 'create':
      return create(request.glue, request.wasm);
    case 'load':
      return load(request.manifest, request.names, request.contents);
    case 'measure':
      return measure(request.tokens, request.text);
    case 'segment':
      return segment(request);
    case 'sample':
      return sample(request);
    case 'call':
      return call(request.method, request.given);
  }
}

async function call(method: keyof EngineCalls, given: unknown[]): Promise<unknown> {
  const engine = opened() as unknown as Record<string, (...given: unknown[]) => unknown>;
  return engine[method]!(...given);
}

async function create(glue: string, wasm: Uint8Array): Promise<Answers['create']> {
  const begin = performance.now();
  const module = (await import(/* @vite-ignore */ glue)) as EngineModule;
  ({ memory } = await module.default({ module_or_path: await WebAssembly.compile(wasm as BufferSource) }));
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

/** A short decode of a black picture: compiles all pipelines, and tells the speed of the passes after the first. */
async function measure(tokens: number, text: string): Promise<Speed> {
  const engine = opened();
  const image = Uint8Array.from(atob(BLACK), (char) => char.charCodeAt(0));
  const start = (strategy: 'greedy' | 'speculative') => engine.start(image, 'test picture', text, strategy, new Uint32Array());
  const begin = performance.now();
  await start('speculative');
  await engine.next();
  const first = performance.now();
  let decoded = 0;
  for (let run = 1; run > 0 && decoded < tokens; decoded += run) run = (await engine.next()).tokens.length;
  const last = performance.now();
  await engine.partial();
  await engine.finish();
  // Greedy passes have a kernel that picks.
  await start('greedy');
  await engine.next();
  await engine.next();
  // A model that sees nothing to draw gives the whole empty mask in the first pass.
  return { prefillMs: first - begin, msPerToken: decoded > 0 ? (last - first) / decoded : 0 };
}

async function segment(request: Request & { kind: 'segment' }): Promise<Outcome> {
  const engine = opened();
  const { id, image, imageName, text, decode, prefix } = request;
  begin(request.paced);
  const begun = performance.now();
  const started = await engine.start(image, imageName, text, decode, prefix);
  post({ id, kind: 'started', started, prefillMs: performance.now() - begun });

  const decodeBegin = performance.now();
  const masks = new Turns();
  let complete = false;
  let decoded = 0;
  while (!complete) {
    await breathe();
    // Tokens that stand already wait for nobody.
    if (decoded >= prefix.length) await permission();
    if (stopped) break;
    const pass = await engine.next();
    const last = pass.tokens.at(-1);
    decoded += pass.tokens.length;
    if (last) post({ id, kind: 'pass', pass });
    complete = !last || last.index + 1 === started.total;
    if (!complete) await masks.take(() => postMask(id), paced);
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
async function sample(request: Request & { kind: 'sample' }): Promise<Answers['sample']> {
  const engine = opened();
  const { id, image, imageName, text, samples, temperature, seed } = request;
  begin(false);
  const begun = performance.now();
  const started = await engine.startSampling(image, imageName, text, samples, temperature, seed);
  post({ id, kind: 'started', started, prefillMs: performance.now() - begun });
  const looks = new Turns();
  for (let done = 0; !stopped && (await engine.sample()); ) {
    post({ id, kind: 'sampled', done: ++done, total: started.total });
    await looks.take(async () => post({ id, kind: 'agreement', agreement: await engine.agreement() }));
    await breathe();
  }
  return { stopped, agreement: await engine.agreement() };
}

function begin(waits: boolean): void {
  stopped = false;
  frameWanted = true;
  paced = waits;
  allowed = 0;
}

/** Waits for the signal `pass` where decoding is paced; answers quick questions meanwhile. */
async function permission(): Promise<void> {
  while (paced && allowed === 0 && !stopped) {
    await new Promise<void>((resolve) => (allow = resolve));
    await answerQuick();
  }
  allow = () => {};
  if (paced) allowed -= 1;
}

/** What is told of a decoding on its way: when the page has drawn the last, and not so often that decoding waits for it. */
class Turns {
  #due = 0;

  async take(tell: () => Promise<void>, always = false): Promise<void> {
    if (!always && (!frameWanted || performance.now() < this.#due)) return;
    frameWanted = false;
    const begin = performance.now();
    await tell();
    // Telling may take a fifth of the time, decoding has the rest.
    this.#due = performance.now() + 4 * (performance.now() - begin);
  }
}

function opened(): Engine {
  if (!engine) throw new Error('the engine is not started yet');
  return engine;
}

// One turn of the event loop, so that `stop` is heard, and questions are answered, between any two passes.
// A timer would be throttled to 4 ms; a channel is not.
const channel = new MessageChannel();
let resume = () => {};
channel.port1.onmessage = () => resume();
async function breathe(): Promise<void> {
  await new Promise<void>((resolve) => {
    resume = resolve;
    channel.port2.postMessage(undefined);
  });
  await answerQuick();
}
