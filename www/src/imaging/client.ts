// The page's end of the imaging module: DICOM files and pictures, open in a worker of their own. The module is downloaded
// when the first file is opened. A decoder that panics ends its worker, not the page; the next file gets a new one.

import { explainImport, loadFile, type FileEntry, type LoaderOptions } from '../bundle/loader.ts';
import { DISPOSED, EngineGone } from '../engine/gone.ts';
import { WorkerClient } from '../engine/worker-client.ts';
import type {
  Answers,
  Rendered,
  Requests,
  Segment,
  Spacing,
  StudyInfo,
  WindowSetting,
} from './messages.ts';
import workerUrl from './worker.ts?worker&url';

/** imaging.json, which the build writes; null in a page that was built without the module. */
export type ImagingListing = { glue: string; wasm: FileEntry } | null;

/** Bytes that a worker may keep without a file: its memory never shrinks, so beyond that it is ended. */
const SPARE_BYTES = 256e6;

export class ImagingClient {
  readonly #base: string;
  readonly #listing: ImagingListing;
  readonly #loader: LoaderOptions;
  #session: Promise<Session> | undefined;

  constructor(base: string, listing: ImagingListing, loader: LoaderOptions) {
    this.#base = base;
    this.#listing = listing;
    this.#loader = loader;
  }

  /**
   * Opens a DICOM file, with preamble or without, or a PNG, JPEG or WebP picture. `bytes` moves to the worker when it is the
   * whole of its buffer: it is empty afterwards. Close what this gives.
   */
  async open(bytes: Uint8Array, name: string): Promise<OpenStudy> {
    const session = await this.#start();
    session.files += 1;
    try {
      const { study, info } = await session.about(name, 'open', { bytes, name }, whole(bytes));
      return new OpenStudy(session, study, name, info);
    } catch (error) {
      session.closed();
      throw error;
    }
  }

  /** A mask (0 and other values, row by row) as a NIfTI file, `.nii.gz`. */
  async nifti(mask: Uint8Array, width: number, height: number, spacing?: Spacing | null): Promise<Uint8Array> {
    const session = await this.#start();
    return session.about('NIfTI', 'nifti', { mask, width, height, spacing: spacing ?? undefined });
  }

  /** Ends the worker and frees its memory; files that were open are closed. */
  dispose(): void {
    void this.#session?.then((session) => session.end(DISPOSED, 'it was switched off'), () => {});
    this.#session = undefined;
  }

  /** The running worker, or a new one. */
  #start(): Promise<Session> {
    const starting = (this.#session ??= this.#load());
    return starting.then(
      (session) => {
        // One that large files have made large serves those that are open.
        if (!session.gone && session.memory <= SPARE_BYTES) return session;
        if (this.#session === starting) this.#session = undefined;
        return this.#start();
      },
      (error) => {
        // A download that failed may succeed the next time.
        if (this.#session === starting) this.#session = undefined;
        throw error;
      },
    );
  }

  async #load(): Promise<Session> {
    const listing = this.#listing;
    if (!listing) throw new Error('This build of the page opens no DICOM files: run ./scripts/build-web.');
    const { bytes: wasm } = await loadFile(new URL(listing.wasm.file, this.#base).href, listing.wasm, this.#loader);
    const session = new Session();
    const glue = new URL(listing.glue, this.#base).href;
    // Copied, not moved: the loader is still writing these bytes to the store.
    await session.about('The imaging module', 'create', { glue, wasm }).catch((error: unknown) => explainImport(glue, error));
    return session;
  }
}

/** A file that is open in the module. */
export class OpenStudy {
  readonly name: string;
  readonly info: StudyInfo;
  readonly #session: Session;
  readonly #study: number;

  constructor(session: Session, study: number, name: string, info: StudyInfo) {
    this.#session = session;
    this.#study = study;
    this.name = name;
    this.info = info;
  }

  /** A frame through a window; its longest side has at most `longest` pixels. MONOCHROME1 is turned already. */
  render(frame: number, centre: number, width: number, invert: boolean, longest: number): Promise<Rendered> {
    return this.#ask('render', { frame, centre, width, invert, longest });
  }

  /** The value of a pixel in rescaled units, or its red, green and blue. */
  value(frame: number, x: number, y: number): Promise<number[]> {
    return this.#ask('value', { frame, x, y });
  }

  /** A window that the middle 99 % of a frame's values span. */
  auto(frame: number): Promise<WindowSetting> {
    return this.#ask('auto', { frame });
  }

  /** A frame for the engine, as a file. */
  picture(frame: number): Promise<Uint8Array> {
    return this.#ask('picture', { frame });
  }

  /** Masks of a frame as a DICOM SEG file; only where `info.kind` is `dicom`. */
  segmentation(frame: number, segments: Segment[]): Promise<Uint8Array> {
    return this.#ask('segmentation', { frame, segments });
  }

  /** Frees the file's memory. */
  close(): void {
    this.#ask('close', {}).catch(() => {}).finally(() => this.#session.closed());
  }

  #ask<K extends keyof Requests>(kind: K, request: Omit<Requests[K], 'study'>): Promise<Answers[K]> {
    return this.#session.about(this.name, kind, { ...request, study: this.#study } as unknown as Requests[K]);
  }
}

/** A worker, from its start to its end. */
class Session extends WorkerClient<Requests, Answers> {
  /** Files that are open in it. */
  files = 0;

  constructor() {
    super(workerUrl, 'mriseg-imaging');
  }

  /** Asks about `name`: a file, or "NIfTI". */
  async about<K extends keyof Requests>(name: string, kind: K, request: Requests[K], transfer?: Transferable[]): Promise<Answers[K]> {
    return this.ask(kind, request, undefined, transfer).catch((error: Error) => {
      if (!(error instanceof EngineGone)) throw error;
      throw new Error(`${name}: the imaging module ended (${error.message}); open the file again, or convert it to PNG`);
    });
  }

  /** A file is no longer open: with the last one a large memory is given back. */
  closed(): void {
    this.files -= 1;
    if (this.files === 0 && this.memory > SPARE_BYTES) this.end(DISPOSED, 'its memory was given back');
  }
}

/** The buffer of bytes that are all of it, to be moved; a part of a larger buffer is copied. */
function whole(bytes: Uint8Array): Transferable[] {
  return bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer as ArrayBuffer] : [];
}
