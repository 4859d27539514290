// One history for everything that can be undone: sentences, edited tokens, branches, strokes of the brush.

export interface Entry<T> {
  /** What was done to reach `value`, for people. */
  label: string;
  value: T;
}

/** Never changed: every step makes a new history. */
export interface History<T> {
  past: readonly Entry<T>[];
  present: Entry<T>;
  future: readonly Entry<T>[];
}

/** Steps that can be undone. */
const LIMIT = 100;

export function begin<T>(value: T): History<T> {
  return { past: [], present: { label: '', value }, future: [] };
}

/** What was undone before is gone then. */
export function record<T>({ past, present }: History<T>, label: string, value: T): History<T> {
  return { past: [...past, present].slice(-LIMIT), present: { label, value }, future: [] };
}

/** Changes what is there without a step of its own: something became known about it. */
export function amend<T>(history: History<T>, value: T): History<T> {
  return { ...history, present: { ...history.present, value } };
}

/** The same history where nothing can be undone. */
export function undo<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  const before = past.at(-1);
  return before ? { past: past.slice(0, -1), present: before, future: [present, ...future] } : history;
}

/** The same history where nothing was undone. */
export function redo<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  const [after, ...later] = future;
  return after ? { past: [...past, present], present: after, future: later } : history;
}
