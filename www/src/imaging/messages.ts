// What the page and the imaging module's worker say to each other. The module's own answers are generated from the Rust
// that makes them; `build/imaging-interface.ts` checks that `ImagingModule` agrees with what wasm-bindgen generated.

import type { Rendered, Segment, Spacing, StudyInfo, WindowSetting } from './messages.generated.ts';

export type * from './messages.generated.ts';

/** The class that wasm-bindgen exports. */
export interface Study {
  info(): StudyInfo;
  render(frame: number, centre: number, width: number, invert: boolean, longest: number): Rendered;
  value(frame: number, x: number, y: number): Float64Array;
  auto(frame: number): WindowSetting;
  picture(frame: number): Uint8Array;
  segmentation(frame: number, segments: Segment[]): Uint8Array;
  free(): void;
}

export interface ImagingModule {
  default(options: { module_or_path: WebAssembly.Module }): Promise<{ readonly memory: WebAssembly.Memory }>;
  open(bytes: Uint8Array, name: string): Study;
  nifti(mask: Uint8Array, width: number, height: number, spacing?: Spacing | null): Uint8Array;
}

/** What the page asks of the worker. `study` is the number that `open` gave. */
export interface Requests {
  create: { glue: string; wasm: Uint8Array };
  open: { bytes: Uint8Array; name: string };
  render: { study: number; frame: number; centre: number; width: number; invert: boolean; longest: number };
  value: { study: number; frame: number; x: number; y: number };
  auto: { study: number; frame: number };
  picture: { study: number; frame: number };
  segmentation: { study: number; frame: number; segments: Segment[] };
  nifti: { mask: Uint8Array; width: number; height: number; spacing: Spacing | undefined };
  close: { study: number };
}

export interface Answers {
  create: undefined;
  open: { study: number; info: StudyInfo };
  render: Rendered;
  value: number[];
  auto: WindowSetting;
  picture: Uint8Array;
  segmentation: Uint8Array;
  nifti: Uint8Array;
  close: undefined;
}

/** Page to worker. `id` comes back with the answer. */
export type Request = { [K in keyof Requests]: Requests[K] & { id: number; kind: K } }[keyof Requests];

/** Worker to page. */
export type Reply =
  /** `memory` are the bytes that the module has taken: WebAssembly never gives one back. */
  | { id: number; kind: 'answer'; value: Answers[keyof Answers]; memory: number }
  | { id: number; kind: 'refused'; message: string; memory: number }
  /** The module panicked; nothing can be asked of it any more. */
  | { kind: 'fatal'; message: string };
