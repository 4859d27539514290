// What panels are given: the session to watch, the viewer to draw with, the engine to ask, and what the page can do.

import type { Bundle } from '../bundle/bundle.ts';
import type { Tools } from '../draw/tools.ts';
import type { Viewer } from '../draw/viewer.ts';
import type { EngineClient } from '../engine/client.ts';
import type { SideConvention } from '../engine/messages.ts';
import type { Picture } from '../picture/picture.ts';
import type { Imaging } from '../picture/module.ts';
import type { FinishedRun, Run } from './run.ts';
import type { Session } from './session.ts';

export interface SamplingOptions {
  masks: number;
  /** Above 0; 1 is the model's own distribution. */
  temperature: number;
  seed: number;
}

/** Masks that are sampled to see where they agree, as the model would draw them. */
export const SURENESS: SamplingOptions = { masks: 8, temperature: 1, seed: 1 };

/** How fast a decoding runs: as fast as it can, a pass now and then, or a pass whenever the user asks for one. */
export type Pace = 'real' | 'slow' | 'step';

export interface Actions {
  /** Decodes the sentence that stands there; loads the model first where it is not. */
  segment(): Promise<void>;
  stop(): void;
  /** Puts `token` in the place of token `index` of the run on screen and decodes what follows. */
  branch(index: number, token: number): Promise<void>;
  /** Decodes what is missing behind the first `count` tokens of the run on screen. */
  goOn(count: number): Promise<void>;
  /** Makes these tokens the run on screen; `label` names the step for people. */
  take(tokens: Uint32Array, label: string): Promise<void>;
  /** Draws several masks by chance. */
  sample(options: SamplingOptions): Promise<void>;
  /** One more pass, where the pace is `step`. */
  pass(): void;
  say(prompt: string): void;
  openExample(id: string): Promise<void>;
  /** Chooses the model of the next mask; nothing where there is none of that name. */
  useModel(id: string): void;
  /** Shows a run that was decoded elsewhere. */
  present(run: FinishedRun): void;
  openFiles(files: readonly File[]): Promise<void>;
  /** Another picture of the same file: what was decoded of the one before is void. */
  openPicture(picture: Picture): void;
}

export interface Context {
  readonly session: Session;
  readonly viewer: Viewer;
  readonly tools: Tools;
  readonly actions: Actions;
  /** The engine, where one runs. */
  readonly engine: EngineClient | undefined;
  /** Decodes DICOM and 16-bit pictures and knows their values; it is loaded when it is first asked. */
  readonly imaging: Imaging;
  /** The model that it runs. */
  readonly bundle: Bundle | undefined;
  /** The convention of the words that the user types. */
  readonly words: SideConvention;
  /** Id of the gallery picture on screen; undefined where it is one of the user's own. */
  readonly example: string | undefined;
  /** Asks about a decoding without showing it: its run, or undefined where no engine runs. It waits for the one before. */
  tryOut(prompt: string): Promise<Run | undefined>;
  /** A message that stays until the next action. */
  notify(message: string): void;
  /** What went wrong, as such a message. Nothing where the page itself ended the engine that was asked. */
  notifyError(error: unknown): void;
}
