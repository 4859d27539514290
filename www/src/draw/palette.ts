// Colours of what lies over the picture, after Okabe and Ito: told apart by every kind of colour vision, on grey and on tissue.

export type Colour = readonly [red: number, green: number, blue: number];

/** In the order of the findings; a number tells them apart too. */
const FINDINGS: readonly Colour[] = [
  [86, 180, 233],
  [204, 121, 167],
  [240, 228, 66],
  [0, 178, 132],
  [226, 102, 30],
  [232, 236, 240],
];

/** The ground truth, where its outline is drawn. */
export const TRUTH: Colour = [240, 172, 40];

/** A mask against the ground truth: pixels of both, of the mask alone, of the truth alone. */
export const COMPARED = { both: [86, 180, 233], maskOnly: [213, 94, 0], truthOnly: [240, 228, 66] } as const satisfies Record<string, Colour>;

/** The colour of the finding with this number, from 1. */
export function colourOf(id: number): Colour {
  return FINDINGS[(id - 1) % FINDINGS.length]!;
}

export function css(colour: Colour, opacity = 1): string {
  return `rgb(${colour.join(' ')} / ${opacity})`;
}
