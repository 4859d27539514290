// Masks as run lengths, so that a hundred steps of undo fit into memory.

/** A 0/1 mask as the lengths of its runs, row by row, zeros first. */
export interface PackedMask {
  width: number;
  height: number;
  runs: Uint32Array;
}

export function packMask(mask: Uint8Array, width: number, height: number): PackedMask {
  const runs: number[] = [];
  for (let at = 0, value = 0; ; value = 1 - value) {
    const next = mask.indexOf(1 - value, at);
    runs.push((next < 0 ? mask.length : next) - at);
    if (next < 0) break;
    at = next;
  }
  return { width, height, runs: Uint32Array.from(runs) };
}

export function unpackMask({ width, height, runs }: PackedMask): Uint8Array {
  const mask = new Uint8Array(width * height);
  let at = 0;
  runs.forEach((run, i) => {
    if (i % 2) mask.fill(1, at, at + run);
    at += run;
  });
  return mask;
}

/** Pixels that are marked. */
export function areaOf({ runs }: PackedMask): number {
  return runs.reduce((sum, run, i) => (i % 2 ? sum + run : sum), 0);
}
