// Zoom and pan by wheel, two fingers, double click, keys and buttons: the frame is moved in its stage by a CSS transform.

import type { Point, Tool } from '../draw/tools.ts';
import { FIT, clampZoom, fineness, largestScale, offset, panBy, pinch, zoomAt, type Sizes, type Zoom } from '../draw/zoom.ts';
import type { Context } from '../session/context.ts';
import { byId } from '../ui/dom.ts';
import { addShortcuts } from '../ui/keys.ts';
import type { Display } from './display.ts';

/** Of one press of a key or a button. */
const STEP = 1.5;
/** Of one press of an arrow, in CSS pixels. */
const STRIDE = 60;
/** Of a double click. */
const LEAP = 3;
/** How much a turn of the wheel by one pixel zooms; pinches on touchpads arrive as small turns. */
const WHEEL = 0.0022;
const PINCH_WHEEL = 0.01;
const LINE_PIXELS = 16;
/** Above this scale the lines of masks are drawn finer. */
const FINE = 1.6;
const CENTRE: Point = { x: 0, y: 0 };

export class Zooming {
  /** Drags the picture. */
  readonly pan: Tool;
  #zoom: Zoom = FIT;
  readonly #context: Context;
  readonly #display: Display;
  readonly #stage = byId('stage');
  readonly #frame = byId('frame');
  readonly #listeners: ((scale: number) => void)[] = [];
  /** Fingers on the stage, by the ids of their pointers. */
  readonly #fingers = new Map<number, Point>();

  constructor(context: Context, display: Display) {
    this.#context = context;
    this.#display = display;
    let last: Point = CENTRE;
    this.pan = {
      name: 'pan',
      cursor: 'grab',
      down: (_, { clientX: x, clientY: y }) => {
        last = { x, y };
        this.#stage.classList.add('panning');
      },
      drag: (_, { clientX: x, clientY: y }) => {
        this.#set(panBy(this.#zoom, { x: x - last.x, y: y - last.y }, this.#sizes(), this.#largest()));
        last = { x, y };
      },
      up: () => this.#stage.classList.remove('panning'),
    };
    this.#connectWheel();
    this.#connectFingers();
    this.#connectKeys();
    this.#stage.addEventListener('dblclick', (event) => {
      if (!['read', 'pan'].includes(context.tools.current)) return;
      if (this.scale > 1) this.fit();
      else this.#by(LEAP, this.#fromMiddle(event));
    });
    // The stage is narrower or wider; what was in its middle stays there.
    new ResizeObserver(() => this.#set(this.#zoom)).observe(this.#stage);
    let name: string | undefined;
    context.session.watch(({ picture }) => picture, (picture) => {
      // Frames of one file are compared where they are.
      if (picture?.name !== name || !picture?.study) this.#zoom = FIT;
      name = picture?.name;
      requestAnimationFrame(() => this.#set(this.#zoom));
    });
  }

  get scale(): number {
    return this.#zoom.scale;
  }

  /** Calls `react` with every new scale. */
  onChange(react: (scale: number) => void): void {
    this.#listeners.push(react);
  }

  closer(): void {
    this.#by(STEP, CENTRE);
  }

  further(): void {
    this.#by(1 / STEP, CENTRE);
  }

  fit(): void {
    this.#set(FIT);
  }

  #by(factor: number, at: Point): void {
    this.#set(zoomAt(this.#zoom, factor, at, this.#sizes(), this.#largest()));
  }

  #move(x: number, y: number): void {
    this.#set(panBy(this.#zoom, { x: x * STRIDE, y: y * STRIDE }, this.#sizes(), this.#largest()));
  }

  #set(zoom: Zoom): void {
    const sizes = this.#sizes();
    if (sizes.frame.width === 0) return;
    this.#zoom = clampZoom(zoom, sizes, this.#largest());
    const { x, y } = offset(this.#zoom, sizes);
    const { scale } = this;
    this.#frame.style.transform = scale === 1 ? '' : `translate(${x}px, ${y}px) scale(${scale})`;
    this.#stage.dataset.zoomed = String(scale > 1);
    this.#context.tools.background = scale > 1 ? this.pan : undefined;
    this.#context.viewer.detail = scale > FINE ? 2 : 1;
    const { picture } = this.#display;
    if (picture) {
      const css = Math.max(sizes.frame.width, sizes.frame.height) * scale;
      this.#display.refine(fineness(Math.max(picture.width, picture.height), css, devicePixelRatio));
    }
    for (const listener of this.#listeners) listener(scale);
  }

  #sizes(): Sizes {
    const { clientWidth, clientHeight } = this.#stage;
    const { offsetWidth, offsetHeight } = this.#frame;
    return { stage: { width: clientWidth, height: clientHeight }, frame: { width: offsetWidth, height: offsetHeight } };
  }

  #largest(): number {
    return largestScale(this.#display.picture?.width ?? 0, this.#sizes());
  }

  #fromMiddle({ clientX, clientY }: { clientX: number; clientY: number }): Point {
    const { left, top, width, height } = this.#stage.getBoundingClientRect();
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 };
  }

  /** With Ctrl it zooms; without, it scrolls the page, unless the picture is zoomed. */
  #connectWheel(): void {
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey && this.scale === 1) return;
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * LINE_PIXELS;
      const small = event.ctrlKey && Math.abs(pixels) < 40;
      this.#by(Math.exp(-pixels * (small ? PINCH_WHEEL : WHEEL)), this.#fromMiddle(event));
    };
    this.#stage.addEventListener('wheel', onWheel, { passive: false });
  }

  /** Two fingers zoom and move at once; a tool that the first of them began with is interrupted. */
  #connectFingers(): void {
    const fingers = this.#fingers;
    const capture = { capture: true };
    const onDown = (event: PointerEvent) => {
      if (event.pointerType !== 'touch') return;
      fingers.set(event.pointerId, this.#fromMiddle(event));
      if (fingers.size < 2) return;
      this.#context.tools.interrupt();
      event.stopPropagation();
    };
    const onMove = (event: PointerEvent) => {
      if (!fingers.has(event.pointerId)) return;
      const [a, b] = fingers.values();
      fingers.set(event.pointerId, this.#fromMiddle(event));
      if (fingers.size !== 2) return;
      event.stopPropagation();
      const [c, d] = fingers.values();
      const { factor, at, by } = pinch([a!, b!], [c!, d!]);
      const moved = panBy(this.#zoom, by, this.#sizes(), this.#largest());
      this.#set(zoomAt(moved, factor, at, this.#sizes(), this.#largest()));
    };
    this.#stage.addEventListener('pointerdown', onDown, capture);
    this.#stage.addEventListener('pointermove', onMove, capture);
    for (const end of ['pointerup', 'pointercancel'] as const) {
      window.addEventListener(end, ({ pointerId }) => fingers.delete(pointerId), capture);
    }
  }

  #connectKeys(): void {
    addShortcuts(
      { key: '+', what: 'zoomIn', press: () => this.closer() },
      { key: '=', what: 'zoomIn', press: () => this.closer() },
      { key: '-', what: 'zoomOut', press: () => this.further() },
      { key: '0', what: 'zoomFit', press: () => this.fit() },
      { key: 'ctrl+ArrowLeft', what: 'moveLeft', press: () => this.#move(1, 0) },
      { key: 'ctrl+ArrowRight', what: 'moveRight', press: () => this.#move(-1, 0) },
      { key: 'ctrl+ArrowUp', what: 'moveUp', press: () => this.#move(0, 1) },
      { key: 'ctrl+ArrowDown', what: 'moveDown', press: () => this.#move(0, -1) },
    );
    const { tools } = this.#context;
    // Over a zoomed picture the space bar drags, as long as it is held; elsewhere it plays.
    document.addEventListener('keydown', (event) => {
      const typing = (event.target as HTMLElement).closest('input, textarea, select, button, summary, a');
      if (event.key !== ' ' || typing || this.scale === 1 || !this.#stage.matches(':hover')) return;
      event.preventDefault();
      tools.held = this.pan;
    });
    const release = () => (tools.held = undefined);
    document.addEventListener('keyup', (event) => event.key === ' ' && release());
    window.addEventListener('blur', release);
  }
}
