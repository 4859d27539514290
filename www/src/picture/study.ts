// A file that is open in the imaging module.

/** A mask to write. */
export interface Segment {
  label: string;
  mask: Uint8Array;
  colour: [number, number, number];
  algorithm: string;
}

/** An open file; the module works in a worker of its own, so every answer is a promise. */
export interface OpenStudy {
  readonly info: { kind: 'dicom' | 'picture' };
  /** A DICOM SEG object; only where `info.kind` is `dicom`. */
  segmentation(frame: number, segments: readonly Segment[]): Promise<Uint8Array>;
}

/** The imaging module, which is loaded when it is first asked for something. */
export interface Imaging {
  /** A mask as NIfTI (`.nii.gz`). */
  nifti(mask: Uint8Array, width: number, height: number, spacing?: { row: number; column: number; from: string }): Promise<Uint8Array>;
}
