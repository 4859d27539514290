// The end of an engine.

/** The engine is gone: it panicked or lost its device. Only a new one helps. */
export class EngineGone extends Error {
  readonly cause: string;
  constructor(cause: string, message: string) {
    super(message);
    this.cause = cause;
  }
}
