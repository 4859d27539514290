/** Work that is done one at a time; of what is asked for meanwhile only the latest is done. */
export function latest<T>(work: (value: T) => Promise<void>): (value: T) => void {
  let waiting: { value: T } | undefined;
  let running = false;
  return (value) => {
    waiting = { value };
    if (running) return;
    running = true;
    void (async () => {
      while (waiting) {
        const { value: next } = waiting;
        waiting = undefined;
        await work(next);
      }
    })().finally(() => (running = false));
  };
}
