// What the engine hands to JavaScript, from web/src/messages.rs. Do not edit: change the Rust, build the engine, then
// write this file anew with `npm run write-engine-types --prefix www`. `./scripts/build-web` compares the two.

/** Pixels of the largest picture that the engine decodes. */
export const MAX_PIXELS = 64000000;

/**
 * What several sampled masks have in common.
 */
export interface Agreement {
    /**
     * Tokens of each mask so far, mask after mask.
     */
    samples: Uint32Array;
    /**
     * How many tokens of each.
     */
    sampled: number;
    /**
     * Mean mask probability per pixel at the model's resolution, row by row, 0 to 255.
     */
    mean: Uint8Array;
    /**
     * Per cell, row by row: the share of the masks that agree with the majority, .5 to 1.
     */
    cells: Float32Array;
}

/**
 * How many tokens a pass may decode; the mask is the same.
 */
export type Decode = "greedy" | "speculative";

/**
 * The mask as far as it is decoded, at the model's resolution, of the square that the model reads.
 */
export interface PartialMask {
    /**
     * Pixels across.
     */
    width: number;
    /**
     * Pixels down.
     */
    height: number;
    /**
     * Mask probability per pixel, row by row, 0 to 255.
     */
    probability: Uint8Array;
    /**
     * 1 for each cell that is not decoded yet, row by row.
     */
    pending: Uint8Array;
}

/**
 * How a sentence is understood; the mask comes from the model, not from this.
 */
export interface Reading {
    /**
     * One line, such as "findings: left lung, lower zone".
     */
    readAs: string;
    /**
     * What could not be read, and how to say it; null when nothing is amiss.
     */
    hint: string | null;
}

/**
 * The result at the picture's own size.
 */
export interface Segmentation {
    /**
     * Pixels across.
     */
    width: number;
    /**
     * Pixels down.
     */
    height: number;
    /**
     * 1 inside the mask, 0 outside, row by row.
     */
    mask: Uint8Array;
    /**
     * Decoded tokens in decoding order.
     */
    tokens: Uint32Array;
    /**
     * Their probabilities.
     */
    probabilities: Float32Array;
    /**
     * Cells that are not decoded; 0 unless stopped early.
     */
    pending: number;
    /**
     * Passes through the model, one per token when decoding is greedy.
     */
    passes: number;
    /**
     * Probability of there being something to draw, 0 to 1, told before the first token; null where the model does
     * not tell.
     */
    presence: number | null;
}

/**
 * Where the square that the model reads lies, in pixels of the picture: smaller than a picture that has a frame,
 * and beyond the edges of one that was padded.
 */
export interface Square {
    /**
     * Left edge.
     */
    x: number;
    /**
     * Upper edge.
     */
    y: number;
    /**
     * Width and height.
     */
    side: number;
}

/**
 * A decoding that has read its picture and sentence and is about to give its first token.
 */
export interface Started {
    /**
     * Rows of mask cells.
     */
    rows: number;
    /**
     * Columns of mask cells.
     */
    columns: number;
    /**
     * Mask tokens to come.
     */
    total: number;
    /**
     * How the sentence is understood, such as "findings: left lung, lower zone"; null where it is not about lungs.
     */
    readAs: string | null;
    /**
     * What of the sentence could not be read, and how to say it; null when nothing is amiss.
     */
    hint: string | null;
    /**
     * What was done to the picture before the model read it, each without capital and full stop.
     */
    notes: string[];
    /**
     * The square that the cells divide.
     */
    square: Square;
}

/**
 * One decoded mask token.
 */
export interface Token {
    /**
     * Position in decoding order, from 0.
     */
    index: number;
    /**
     * Row of its cell, from the top.
     */
    row: number;
    /**
     * Column of its cell, from the viewer's left.
     */
    column: number;
    /**
     * Codebook entry.
     */
    token: number;
    /**
     * Probability the model gave it, 0 to 1.
     */
    probability: number;
    /**
     * Whether it was given, not decoded.
     */
    given: boolean;
}

/**
 * What one pass through the model gave.
 */
export interface Pass {
    tokens: Token[];
    drafts: Uint32Array;
    draftedBy: 'heads' | 'marginals' | null;
}

export interface Frames {
    width: number;
    height: number;
    count: number;
    frames: Uint8Array;
}

export interface Codebook {
    codes: number;
    patch: number;
    pixels: Uint8Array;
}

export interface Inspection {
    codes: number;
    rows: number;
    probabilities: Float32Array;
    words: string[];
    layers: number;
    heads: number;
    cells: number;
}

export interface Attention {
    layers: number;
    heads: number;
    words: number;
    cells: number;
    mask: number;
    weights: Float32Array;
    lensCodes: Uint32Array;
    lensProbabilities: Float32Array;
}

export interface TeacherForced {
    truth: Uint32Array;
    predicted: Uint32Array;
    probabilities: Float32Array;
}

export interface Seen {
    side: number;
    rgba: Uint8Array;
    notes: string[];
    square: Square;
}

export interface Comparison {
    dice: number;
    iou: number;
    both: number;
    maskOnly: number;
    truthOnly: number;
}

export interface Check {
    kind: 'presence' | 'count' | 'side' | 'level';
    agrees: boolean;
    message: string;
}

export type SideConvention = 'viewer' | 'patient';

export interface Rewritten {
    text: string;
    changed: boolean;
}
