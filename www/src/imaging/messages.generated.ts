// What the imaging module hands to JavaScript, from web/imaging/src/messages.rs. Do not edit: change the Rust, build the imaging module, then
// write this file anew with `npm run write-engine-types --prefix www`. `./scripts/build-web` compares the two.

/**
 * Which kind of file is open.
 */
export type Kind = "dicom" | "picture";

/**
 * A window with the name that the file gives it.
 */
export interface NamedWindow {
    /**
     * What the file calls it, or "Window 1", "Table 1", "Full range".
     */
    name: string;
    /**
     * Value in the middle, in rescaled units.
     */
    centre: number;
    /**
     * Values from black to white.
     */
    width: number;
}

/**
 * Letters for the edges of a picture: R, L, A, P, H and F of the patient, or several.
 */
export interface Orientation {
    /**
     * At the viewer's left.
     */
    left: string;
    /**
     * At the viewer's right.
     */
    right: string;
    /**
     * Above.
     */
    top: string;
    /**
     * Below.
     */
    bottom: string;
}

/**
 * A frame through a window.
 */
export interface Rendered {
    /**
     * Pixels across.
     */
    width: number;
    /**
     * Pixels down.
     */
    height: number;
    /**
     * Red, green, blue and opacity (255) of every pixel, row by row.
     */
    rgba: Uint8Array;
}

/**
 * A mask to write.
 */
export interface Segment {
    /**
     * What it shows, for example the sentence that was asked.
     */
    label: string;
    /**
     * 0 outside, anything else inside, row by row, of the frame's size.
     */
    mask: Uint8Array;
    /**
     * Red, green and blue to draw it in, 0 to 255.
     */
    colour: [number, number, number];
    /**
     * Name of the model that drew it; empty for what a person drew.
     */
    algorithm: string;
}

/**
 * Distance of the centres of neighbouring pixels.
 */
export interface Spacing {
    /**
     * Between rows (downwards), in mm.
     */
    row: number;
    /**
     * Between columns (across), in mm.
     */
    column: number;
    /**
     * The attribute that says it, and where it holds.
     */
    from: string;
}

/**
 * What a file holds, without a word of the patient.
 */
export interface StudyInfo {
    /**
     * DICOM, or PNG, JPEG and WebP.
     */
    kind: Kind;
    /**
     * Pixels across.
     */
    width: number;
    /**
     * Pixels down.
     */
    height: number;
    /**
     * Frames; 1 unless it is a multi-frame file.
     */
    frames: number;
    /**
     * Bits of a stored value.
     */
    bits: number;
    /**
     * Whether pixels have red, green and blue.
     */
    colour: boolean;
    /**
     * Least value of the first frame, in rescaled units.
     */
    minimum: number;
    /**
     * Greatest value of the first frame, in rescaled units.
     */
    maximum: number;
    /**
     * Windows of the file, its own choice first; the full range where it has none. Never empty.
     */
    windows: NamedWindow[];
    /**
     * Whether low values are bright in the file (MONOCHROME1). `render` and `picture` have turned them: `invert` is a wish
     * of the viewer alone.
     */
    inverted: boolean;
    /**
     * Size of a pixel; null where the file does not say it.
     */
    spacing: Spacing | null;
    /**
     * Modality, such as "DX"; null for pictures.
     */
    modality: string | null;
    /**
     * Letters for the edges; null where the file does not say them.
     */
    orientation: Orientation | null;
    /**
     * Name of the transfer syntax; null for pictures.
     */
    transferSyntax: string | null;
    /**
     * What is worth knowing about the pixels, each without capital and full stop.
     */
    notes: string[];
}

/**
 * A linear window.
 */
export interface WindowSetting {
    /**
     * Value in the middle, in rescaled units.
     */
    centre: number;
    /**
     * Values from black to white.
     */
    width: number;
}
