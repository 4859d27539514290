// What a pointer on the picture does: one tool at a time has it.

/** A point of the picture in shares of its width and height; outside of it beyond 0 and 1. */
export interface Point {
  x: number;
  y: number;
}

export interface Tool {
  readonly name: string;
  /** As CSS names it. */
  readonly cursor: string;
  /** The pointer moves over the picture without a pressed button; undefined when it leaves. */
  hover?(point: Point | undefined): void;
  down?(point: Point, event: PointerEvent): void;
  /** After `down`, until `up`. */
  drag?(point: Point, event: PointerEvent): void;
  up?(point: Point, event: PointerEvent): void;
}

export class Tools {
  #current: Tool | undefined;
  readonly #tools = new Map<string, Tool>();
  readonly #canvas: HTMLElement;
  readonly #listeners: ((name: string) => void)[] = [];
  #pressed = false;

  /** The first tool that is added is the one to begin with. */
  constructor(canvas: HTMLElement) {
    this.#canvas = canvas;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !this.#current?.down) return;
      this.#pressed = true;
      canvas.setPointerCapture(event.pointerId);
      this.#current.down(this.at(event), event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.#pressed) this.#current?.drag?.(this.at(event), event);
      else this.#current?.hover?.(this.at(event));
    });
    for (const end of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(end, (event) => {
        if (!this.#pressed) return;
        this.#pressed = false;
        this.#current?.up?.(this.at(event), event);
      });
    }
    canvas.addEventListener('pointerleave', () => this.#current?.hover?.(undefined));
  }

  get current(): string {
    return this.#current?.name ?? '';
  }

  add(tool: Tool): void {
    this.#tools.set(tool.name, tool);
    if (!this.#current) this.select(tool.name);
  }

  select(name: string): void {
    const tool = this.#tools.get(name);
    if (!tool || tool === this.#current) return;
    this.#current?.hover?.(undefined);
    this.#current = tool;
    this.#canvas.style.cursor = tool.cursor;
    // Touches draw, where a tool drags; else they scroll the page.
    this.#canvas.style.touchAction = tool.drag ? 'none' : '';
    for (const listener of this.#listeners) listener(name);
  }

  /** Calls `react` whenever another tool is selected. */
  onSelect(react: (name: string) => void): void {
    this.#listeners.push(react);
  }

  /** Where a pointer is on the picture, however it is zoomed. */
  at({ clientX, clientY }: { clientX: number; clientY: number }): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  }
}
