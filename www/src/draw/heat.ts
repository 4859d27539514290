/** Colour of a token's probability: dark blue is certain, yellow is unsure (cividis, readable without red or green). */
export function heatColour(probability: number): string {
  const at = Math.min(1, Math.max(0, 1 - probability)) * (STOPS.length - 1);
  const low = Math.floor(at);
  const [a, b] = [STOPS[low]!, STOPS[Math.min(low + 1, STOPS.length - 1)]!];
  const mix = a.map((value, i) => Math.round(value + (b[i]! - value) * (at - low)));
  return `rgb(${mix.join(' ')})`;
}

const STOPS: readonly (readonly number[])[] = [
  [0, 34, 78],
  [53, 69, 108],
  [102, 105, 112],
  [148, 142, 119],
  [200, 184, 102],
  [254, 232, 56],
];
