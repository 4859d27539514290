// The end of an engine.

/** The cause where the page has no more use for it. */
export const DISPOSED = 'disposed';

/** The engine is gone: it panicked or lost its device. Only a new one helps. */
export class EngineGone extends Error {
  readonly cause: string;
  constructor(cause: string, message: string) {
    super(message);
    this.cause = cause;
  }
}

/** Whether the page itself ended the engine, for another one or another picture: that is no failure to tell of. */
export function isDisposed(error: unknown): boolean {
  return error instanceof EngineGone && error.cause === DISPOSED;
}
