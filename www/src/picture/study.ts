// A file that is open in the imaging module, which decodes what browsers do not (DICOM, 16 bits) and knows its values.

import type { Rendered, Segment, Spacing, StudyInfo, WindowSetting } from '../imaging/messages.generated.ts';

export type { NamedWindow, Orientation, Rendered, Segment, Spacing, StudyInfo, WindowSetting } from '../imaging/messages.generated.ts';

/** An open file; the module works in a worker of its own, so every answer is a promise. */
export interface OpenStudy {
  readonly info: StudyInfo;
  /** A frame through a window; `longest` is the most pixels that the longer side may get. */
  render(frame: number, window: WindowSetting, invert: boolean, longest: number): Promise<Rendered>;
  /** One value in rescaled units, or red, green and blue. */
  value(frame: number, x: number, y: number): Promise<number[]>;
  /** A window from the percentiles of the frame. */
  auto(frame: number): Promise<WindowSetting>;
  /** A PNG for the model: the file's own window is applied. */
  picture(frame: number): Promise<Uint8Array>;
  /** A DICOM SEG object; only where `info.kind` is `dicom`. */
  segmentation(frame: number, segments: readonly Segment[]): Promise<Uint8Array>;
  free(): void;
}

/** The imaging module, which is loaded when it is first asked for something. */
export interface Imaging {
  open(bytes: Uint8Array, name: string): Promise<OpenStudy>;
  /** A mask as NIfTI (`.nii.gz`). */
  nifti(mask: Uint8Array, width: number, height: number, spacing?: Spacing): Promise<Uint8Array>;
}
