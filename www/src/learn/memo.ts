// Drawing only what is not drawn yet.

/** What a drawing was made of. */
export class Memo {
  #last: readonly unknown[] = [];

  /** Whether any of these is not what it was when this was asked last. */
  changed(...parts: readonly unknown[]): boolean {
    const same = parts.length === this.#last.length && parts.every((part, i) => part === this.#last[i]);
    this.#last = parts;
    return !same;
  }

  forget(): void {
    this.#last = [];
  }
}
