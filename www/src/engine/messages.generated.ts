// What the engine hands to JavaScript, from web/src/messages.rs. Do not edit: change the Rust, build the engine, then
// write this file anew with `npm run write-engine-types --prefix www`. `./scripts/build-web` compares the two.

/** Pixels of the largest picture that the engine decodes. */
export const MAX_PIXELS = 64000000;

/**
 * What several sampled masks have in common, as far as they are sampled.
 */
export interface Agreement {
    /**
     * Mean mask probability per pixel at the model's resolution, row by row, 0 to 255; 0 where nothing is sampled.
     */
    mean: Uint8Array;
    /**
     * Per cell, row by row: the share of the masks that agree with the majority, .5 to 1; 0 where nothing is sampled.
     */
    cells: Float32Array;
    /**
     * Tokens of each mask so far.
     */
    sampled: number;
    /**
     * Those tokens, mask after mask.
     */
    samples: Uint32Array;
}

/**
 * What the position that predicts one token attends to, and what each layer would predict there.
 */
export interface Attention {
    /**
     * Layers of the model.
     */
    layers: number;
    /**
     * Attention heads of a layer.
     */
    heads: number;
    /**
     * Pieces of the sentence. Padding behind them is left out, so weights may sum to less than 1.
     */
    words: number;
    /**
     * Cells of the picture.
     */
    cells: number;
    /**
     * Inputs of the mask: its begin, then the tokens before this one.
     */
    mask: number;
    /**
     * Layer after layer, head after head: the weights of words, cells and inputs of the mask.
     */
    weights: Float32Array;
    /**
     * The most probable code after each layer (logit lens).
     */
    lensCodes: Uint32Array;
    /**
     * Its probability there; after the last layer it is the prediction's, before marginal probabilities are mixed in.
     */
    lensProbabilities: Float32Array;
}

/**
 * Whether a mask agrees with its sentence in one respect.
 */
export interface Check {
    /**
     * What is compared.
     */
    kind: CheckKind;
    /**
     * Whether mask and sentence agree.
     */
    agrees: boolean;
    /**
     * What is compared with what: one sentence.
     */
    message: string;
}

/**
 * What of a sentence and its mask is compared.
 */
export type CheckKind = "presence" | "count" | "side" | "level";

/**
 * What each code draws by itself.
 */
export interface Codebook {
    /**
     * How many codes there are.
     */
    codes: number;
    /**
     * Width and height of what one draws, in pixels.
     */
    patch: number;
    /**
     * Mask probability, code after code, each row by row, 0 to 255.
     */
    pixels: Uint8Array;
}

/**
 * How well two masks agree.
 */
export interface Comparison {
    /**
     * `2 |A and B| / (|A| + |B|)`; 1 where both are empty.
     */
    dice: number;
    /**
     * `|A and B| / |A or B|`; 1 where both are empty.
     */
    iou: number;
    /**
     * Pixels of both.
     */
    both: number;
    /**
     * Pixels of the mask alone.
     */
    maskOnly: number;
    /**
     * Pixels of the truth alone.
     */
    truthOnly: number;
}

/**
 * How many tokens a pass may decode; the mask is the same.
 */
export type Decode = "greedy" | "speculative";

/**
 * Where drafts come from.
 */
export type DraftedBy = "heads" | "marginals";

/**
 * A mask after 0, 1, … tokens, at the model's resolution, of the square that the model reads.
 */
export interface Frames {
    /**
     * Pixels across.
     */
    width: number;
    /**
     * Pixels down.
     */
    height: number;
    /**
     * Frames: one more than there are tokens.
     */
    count: number;
    /**
     * Mask probability, frame after frame, each row by row, 0 to 255; 0 in cells that are not decoded yet.
     */
    frames: Uint8Array;
}

/**
 * A sentence in the words of the model.
 */
export interface InConvention {
    /**
     * The sentence to give to the model.
     */
    text: string;
    /**
     * Whether it differs from the one that was written.
     */
    changed: boolean;
}

/**
 * The distributions that tokens are picked from.
 */
export interface Inspection {
    /**
     * How many codes there are.
     */
    codes: number;
    /**
     * Distributions: one a token, and that of the next token, if one is left.
     */
    rows: number;
    /**
     * Probability of each code, row after row, given the tokens before, as codes are picked by it.
     */
    probabilities: Float32Array;
    /**
     * The pieces of the sentence that text tokens stand for.
     */
    words: string[];
    /**
     * Layers of the model.
     */
    layers: number;
    /**
     * Attention heads of a layer.
     */
    heads: number;
    /**
     * Cells of the picture.
     */
    cells: number;
}

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
 * One pass through the model.
 */
export interface Pass {
    /**
     * The tokens that stand since; none when all cells had theirs. Those of the prefix come first, in a pass of their own.
     */
    tokens: Token[];
    /**
     * What was proposed for the same cells before the pass, from the first of them on. Those at the beginning that are the
     * tokens themselves were accepted.
     */
    drafts: Uint32Array;
    /**
     * Who proposed them; null where there are none.
     */
    draftedBy: DraftedBy | null;
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
 * A picture as the model reads it.
 */
export interface Seen {
    /**
     * Pixels across and down.
     */
    side: number;
    /**
     * Red, green, blue and 255 of each pixel, row by row.
     */
    rgba: Uint8Array;
    /**
     * What was done to the picture, each without capital and full stop.
     */
    notes: string[];
    /**
     * The part of the picture that is seen.
     */
    square: Square;
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
 * Whose left "left" is.
 */
export type SideConvention = "viewer" | "patient";

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
 * What the model predicts where it reads the true mask.
 */
export interface TeacherForced {
    /**
     * The codes of the true mask.
     */
    truth: Uint32Array;
    /**
     * The code that is picked for each cell, given the true ones before it.
     */
    predicted: Uint32Array;
    /**
     * Probability of the true code of each cell.
     */
    probabilities: Float32Array;
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
     * Whether it stood before decoding began, in the prefix.
     */
    given: boolean;
}
