// What the page knows at one moment, and who wants to hear of changes. Everything in it is replaced, never changed, so a
// panel sees by `===` whether it has to draw anew.

import { closePicture, type Picture } from '../picture/picture.ts';
import { EMPTY, activeFinding, withFinding, withRun, type Document, type Finding } from './document.ts';
import * as history from './history.ts';
import { lighten } from './light.ts';
import type { FinishedRun, Run } from './run.ts';

export class Session {
  #picture: Picture | undefined;
  #history = history.begin(EMPTY);
  #live: Run | undefined;
  #step: number | undefined;
  #truth: Uint8Array | undefined;
  readonly #watchers: (() => void)[] = [];

  get picture(): Picture | undefined {
    return this.#picture;
  }

  get document(): Document {
    return this.#history.present.value;
  }

  get active(): Finding | undefined {
    return activeFinding(this.document);
  }

  /** What is being decoded. */
  get live(): Run | undefined {
    return this.#live;
  }

  /** The active finding, where nothing is being decoded. */
  get settled(): Finding | undefined {
    return this.#live ? undefined : this.active;
  }

  /** The run on screen: the one that is being decoded, else that of the active finding. */
  get run(): Run | undefined {
    return this.#live ?? this.active?.run;
  }

  /** How many tokens of it are shown; all that there are without it. */
  get step(): number | undefined {
    return this.#step;
  }

  /** A ground truth that the user opened for this picture. */
  get truth(): Uint8Array | undefined {
    return this.#truth;
  }

  /** What can be undone and redone, for people; undefined where nothing can. */
  get undoLabel(): string | undefined {
    return this.#history.past.length > 0 ? this.#history.present.label : undefined;
  }

  get redoLabel(): string | undefined {
    return this.#history.future[0]?.label;
  }

  /** Calls `react` with what `select` gives, now and whenever that is something else. */
  watch<T>(select: (session: Session) => T, react: (value: T) => void): void {
    let last = select(this);
    react(last);
    this.#watchers.push(() => {
      const value = select(this);
      if (value === last) return;
      last = value;
      react(value);
    });
  }

  /** Another picture: nothing of the one before is kept. */
  open(picture: Picture): void {
    closePicture(this.#picture, picture);
    this.#picture = picture;
    this.#history = history.begin(EMPTY);
    this.#live = undefined;
    this.#step = undefined;
    this.#truth = undefined;
    this.#tell();
  }

  /** What is being decoded, or nothing any more. */
  set live(run: Run | undefined) {
    this.#live = run;
    this.#step = undefined;
    this.#tell();
  }

  scrub(step: number | undefined): void {
    this.#step = step;
    this.#tell();
  }

  openTruth(truth: Uint8Array | undefined): void {
    this.#truth = truth;
    this.#tell();
  }

  /** A step that can be undone. */
  record(label: string, document: Document): void {
    const { present } = this.#history;
    const before = { ...this.#history, present: { ...present, value: lighten(present.value) } };
    this.#history = history.record(before, label, document);
    this.#tell();
  }

  /** A run is over: it becomes a finding. */
  finish(label: string, run: FinishedRun): void {
    this.#live = undefined;
    this.#step = undefined;
    this.record(label, withRun(this.document, run));
  }

  /** Something became known about a run: no step of its own. Nothing where its finding has another run by now. */
  learn(of: Run, change: (run: FinishedRun) => FinishedRun): void {
    const finding = this.document.findings.find(({ run }) => run.tokens === of.tokens);
    if (!finding) return;
    const amended = withFinding(this.document, finding.id, (known) => ({ ...known, run: change(known.run) }));
    this.#history = history.amend(this.#history, amended);
    this.#tell();
  }

  /** Looking at another finding, or showing one, is no step either. */
  show(document: Document): void {
    this.#history = history.amend(this.#history, document);
    this.#step = undefined;
    this.#tell();
  }

  undo(): void {
    this.#history = history.undo(this.#history);
    this.#step = undefined;
    this.#tell();
  }

  redo(): void {
    this.#history = history.redo(this.#history);
    this.#step = undefined;
    this.#tell();
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
