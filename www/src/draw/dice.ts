/** Dice of two 0/1 masks of the same size; two empty masks agree completely. */
export function dice(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) {
    throw new Error(`masks of ${a.length} and ${b.length} pixels cannot be compared`);
  }
  let both = 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ? 1 : 0;
    const y = b[i] ? 1 : 0;
    both += x & y;
    sum += x + y;
  }
  return sum === 0 ? 1 : (2 * both) / sum;
}
