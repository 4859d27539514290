// Lengths, areas and checks in words.

import type { Picture } from '../picture/picture.ts';
import { percent } from '../ui/format.ts';
import { say } from '../ui/words.ts';
import type { Measures } from './measure.ts';

/** Square millimetres, from 1 cm² on square centimetres. */
export function area(mm2: number): string {
  return mm2 < 100 ? `${digits(mm2)} mm²` : `${digits(mm2 / 100)} cm²`;
}

export function length(value: number, inMillimetres: boolean): string {
  return inMillimetres ? `${digits(value)} mm` : `${Math.round(value)} ${say('pixels')}`;
}

/** Three digits that count. */
function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}

/** How large it is, in one line; millimetres of an X-ray's detector are not those of the body. */
export function sizeLine({ pixels, share, area: mm2 }: Measures, spacing?: Picture['spacing']): string {
  if (pixels === 0) return say('empty');
  if (mm2 === undefined) return percent(share);
  const detector = spacing?.from === 'ImagerPixelSpacing' ? ` (${say('atDetector')})` : '';
  return `${percent(share)} · ${area(mm2)}${detector}`;
}

/** Its parts and its longest diameter, in one line; nothing of an empty mask. */
export function shapeLine({ pixels, parts, longest, area: mm2 }: Measures): string {
  if (pixels === 0) return '';
  const diameter = length(longest, mm2 !== undefined);
  return parts === 1 ? say('longestDiameter', diameter) : say('partsLongest', parts, diameter);
}

export const CHECK_NAMES = { presence: 'checkPresence', count: 'checkCount', side: 'checkSide', level: 'checkLevel' } as const;
