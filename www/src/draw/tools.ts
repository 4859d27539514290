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
  /** In place of `up`, where a second finger made another gesture of it; `up` is called without it. */
  cancel?(): void;
}

export class Tools {
  #current: Tool | undefined;
  /** The tool that has the pointer while it is pressed, and which pointer. */
  #pressed: { tool: Tool; pointer: number; last: PointerEvent } | undefined;
  #background: Tool | undefined;
  #held: Tool | undefined;
  readonly #tools = new Map<string, Tool>();
  readonly #canvas: HTMLElement;
  readonly #listeners: ((name: string) => void)[] = [];

  /** The first tool that is added is the one to begin with. */
  constructor(canvas: HTMLElement) {
    this.#canvas = canvas;
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => {
      if (!this.#pressed) (this.#held ?? this.#current)?.hover?.(this.at(event));
      else if (this.#pressed.pointer === event.pointerId) {
        this.#pressed.last = event;
        this.#pressed.tool.drag?.(this.at(event), event);
      }
    });
    for (const end of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(end, (event) => {
        if (this.#pressed?.pointer !== event.pointerId) return;
        const { tool } = this.#pressed;
        this.#pressed = undefined;
        tool.up?.(this.at(event), event);
      });
    }
    canvas.addEventListener('pointerleave', () => this.#current?.hover?.(undefined));
    this.#show();
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
    this.#show();
    for (const listener of this.#listeners) listener(name);
  }

  /** A tool for what the selected one leaves: drags where that has none, and those of the middle button. */
  set background(tool: Tool | undefined) {
    this.#background = tool;
    this.#show();
  }

  /** A tool that has the pointer in place of the selected one, while a key is held. */
  set held(tool: Tool | undefined) {
    this.#held = tool;
    this.#show();
  }

  /** Calls `react` whenever another tool is selected. */
  onSelect(react: (name: string) => void): void {
    this.#listeners.push(react);
  }

  /** Ends what a pointer has begun: a second finger makes another gesture of it. */
  interrupt(): void {
    if (!this.#pressed) return;
    const { tool, last } = this.#pressed;
    this.#pressed = undefined;
    if (tool.cancel) tool.cancel();
    else tool.up?.(this.at(last), last);
  }

  /** Where a pointer is on the picture, however it is zoomed. */
  at({ clientX, clientY }: { clientX: number; clientY: number }): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  }

  #down(event: PointerEvent): void {
    const selected = this.#current?.down ? this.#current : this.#background;
    const tool = event.button === 1 ? this.#background : event.button === 0 ? (this.#held ?? selected) : undefined;
    if (!tool?.down || this.#pressed) return;
    // The middle button would scroll.
    if (event.button === 1) event.preventDefault();
    this.#pressed = { tool, pointer: event.pointerId, last: event };
    this.#canvas.setPointerCapture(event.pointerId);
    tool.down(this.at(event), event);
  }

  #show(): void {
    this.#canvas.style.cursor = (this.#held ?? this.#current)?.cursor ?? '';
    // Touches draw, where a tool drags; else one finger scrolls the page. Two fingers are for zooming in any case.
    const drags = this.#current?.drag || this.#background;
    this.#canvas.style.touchAction = drags ? 'none' : 'pan-x pan-y';
  }
}
