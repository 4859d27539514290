/** The element with this id; index.html has it, so its absence is our bug. */
export function byId<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element "${id}"`);
  return element as T;
}

type Attributes = Record<string, string | number | boolean | undefined>;

/** A new element: attributes by their names (true for one without value, false or undefined for none), then its content. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...content: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...content);
  return element;
}

/** The same of SVG. */
export function makeSvg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** A button that calls `press`. */
export function makeButton(attributes: Attributes, content: Node | string, press: () => void): HTMLButtonElement {
  const button = make('button', { type: 'button', ...attributes }, content);
  button.addEventListener('click', press);
  return button;
}

/** What a screen reader calls an element; `title` is what it says to a pointer that rests on it. */
export function setLabel(element: Element, label: string, title?: string): void {
  element.setAttribute('aria-label', label);
  if (title !== undefined) (element as HTMLElement).title = title;
}

/** Whether a button is down that stays down. */
export function setPressed(button: Element, pressed: boolean): void {
  button.setAttribute('aria-pressed', String(pressed));
}

/** Fills a <dl> with pairs of term and value. */
export function fillPairs(list: HTMLElement, pairs: readonly (readonly [string, string])[]): void {
  list.replaceChildren(...pairs.map(([term, value]) => make('div', {}, make('dt', {}, term), make('dd', {}, value))));
}

/** Offers `blob` as a download; nothing leaves the computer. */
export function save(blob: Blob, fileName: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  // The download has its own reference to the blob by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}

/** Settings that are kept for the next visit, where the browser keeps any. */
export const settings = {
  get(name: string): string | null {
    try {
      return localStorage.getItem(`mriseg-${name}`);
    } catch {
      return null;
    }
  },
  set(name: string, value: string): void {
    try {
      localStorage.setItem(`mriseg-${name}`, value);
    } catch {
      // Private windows may keep nothing.
    }
  },
};
