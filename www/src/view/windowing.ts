// Window and level: which values are black and which are white.

import type { StudyInfo, WindowSetting } from '../imaging/messages.ts';

/** How a picture is shown; undefined stands for what the file itself says. */
export interface Look {
  window: WindowSetting;
  invert: boolean;
}

/** A window that can be chosen by its name. */
export interface Preset {
  id: string;
  /** Of the file; undefined where the page has a word for `id`. */
  name?: string;
  /** Undefined where it is only known once it is asked for. */
  window?: WindowSetting;
}

/** So many CSS pixels of a drag are as wide as all values of the picture. */
const DRAG_PIXELS = 800;

/** A drag: right makes the window wider, down raises its centre, which makes the picture darker. */
export function dragWindow({ centre, width }: WindowSetting, right: number, down: number, range: number): WindowSetting {
  const step = Math.max(range, 1) / DRAG_PIXELS;
  const whole = range > 50;
  const tidy = (value: number) => (whole ? Math.round(value) : Number(value.toPrecision(4)));
  return {
    centre: tidy(centre + down * step),
    width: Math.max(whole ? 1 : range / 1000, tidy(width + right * step)),
  };
}

/** Windows of the chest that have a meaning where values are Hounsfield units. */
const CHEST: readonly Preset[] = [
  { id: 'lung', window: { centre: -600, width: 1500 } },
  { id: 'mediastinum', window: { centre: 40, width: 400 } },
  { id: 'bone', window: { centre: 400, width: 1800 } },
];

/** What can be chosen: the file's own windows first. Of a picture that the module has not opened, what it can do for it. */
export function presets(info: StudyInfo | undefined): Preset[] {
  if (!info) return [{ id: 'file' }, { id: 'full' }, { id: 'auto' }];
  const [first, ...more] = info.windows;
  const full = fullRange(info);
  const others = more.filter((window) => !sameWindow(window, full));
  return [
    // Only the names of a DICOM file are its own.
    { id: 'file', ...(info.kind === 'dicom' && first && !sameWindow(first, full) && { name: first.name }) },
    ...others.map(({ name, centre, width }, i) => ({ id: `file-${i + 2}`, name, window: { centre, width } })),
    { id: 'full', window: full },
    { id: 'auto' },
    ...(info.modality === 'CT' ? CHEST : []),
  ];
}

export function fullRange({ minimum, maximum }: StudyInfo): WindowSetting {
  return { centre: (minimum + maximum) / 2, width: maximum > minimum ? maximum - minimum : 1 };
}

/** The window that shows what the model reads: the file's own; of pictures all values that they can have. */
export function ownWindow({ windows }: StudyInfo): WindowSetting {
  const { centre, width } = windows[0]!;
  return { centre, width };
}

/** How it is to be shown, or undefined where that is what the file says. */
export function lookOf(info: StudyInfo, window: WindowSetting, invert: boolean): Look | undefined {
  return !invert && sameWindow(ownWindow(info), window) ? undefined : { window, invert };
}

export function sameWindow(a: WindowSetting, b: WindowSetting): boolean {
  return a.centre === b.centre && a.width === b.width;
}

/** A number of a window or a pixel, for people. */
export function figure(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toFixed(Math.abs(value) < 10 ? 3 : 1)));
}
