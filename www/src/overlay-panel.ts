// The controls under the picture, and reading single cells with pointer or keyboard.

import { byId } from './dom.ts';
import type { OverlayMode, Viewer } from './viewer.ts';

export function connectOverlayControls(viewer: Viewer, showTruth: (on: boolean) => void): void {
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="overlay"]')) {
    radio.addEventListener('change', () => {
      viewer.mode = radio.value as OverlayMode;
      viewer.redraw();
    });
  }
  const opacity = byId<HTMLInputElement>('opacity');
  opacity.addEventListener('input', () => {
    viewer.opacity = opacity.valueAsNumber / 100;
    viewer.redraw();
  });
  const heat = byId<HTMLInputElement>('heat');
  heat.addEventListener('change', () => {
    viewer.heat = heat.checked;
    byId('heat-legend').hidden = !heat.checked;
    viewer.redraw();
  });
  const truth = byId<HTMLInputElement>('truth');
  truth.addEventListener('change', () => showTruth(truth.checked));
  connectCellReading(viewer);
}

function connectCellReading(viewer: Viewer): void {
  const canvas = byId('mask-canvas');
  const point = (cell: number | undefined) => {
    if (cell === viewer.cursor) return;
    viewer.cursor = cell;
    byId('reading').textContent = describeCell(viewer);
    viewer.redraw();
  };
  canvas.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    point(viewer.cellAt((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
  });
  canvas.addEventListener('pointerleave', () => point(undefined));
  canvas.addEventListener('blur', () => point(undefined));
  canvas.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    if (!step || !viewer.cells) return;
    event.preventDefault();
    const { rows, columns } = viewer.cells;
    const at = viewer.cursor ?? Math.floor(rows / 2) * columns + Math.floor(columns / 2);
    const row = clamp(Math.floor(at / columns) + step[1], rows);
    const column = clamp((at % columns) + step[0], columns);
    point(row * columns + column);
  });
}

const STEPS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function clamp(value: number, size: number): number {
  return Math.min(size - 1, Math.max(0, value));
}

function describeCell({ cells, cursor }: Viewer): string {
  if (!cells || cursor === undefined) return '';
  const place = `Row ${Math.floor(cursor / cells.columns) + 1}, column ${(cursor % cells.columns) + 1}`;
  const token = cells.tokens[cursor];
  return token
    ? `${place}: token ${token.token}, probability ${token.probability.toFixed(3)}`
    : `${place}: pending, not decoded`;
}
