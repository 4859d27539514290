// The controls under the picture, and reading single cells with pointer or keyboard.

import { byId } from '../dom.ts';
import { percent } from '../format.ts';
import { cellAt, cellBeside } from '../../picture/place.ts';
import type { Heat, OverlayMode, Viewer } from '../../draw/viewer.ts';

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
  for (const [kind, box] of Object.entries(heatBoxes())) {
    box.addEventListener('change', () => showHeat(viewer, box.checked ? (kind as Heat) : 'off'));
  }
  const truth = byId<HTMLInputElement>('truth');
  truth.addEventListener('change', () => showTruth(truth.checked));
  connectCellReading(viewer);
}

const LEGENDS = { probability: ['certain', 'unsure'], agreement: ['100 % agree', '75 % or less'] } as const;

function heatBoxes() {
  return {
    probability: byId<HTMLInputElement>('heat'),
    agreement: byId<HTMLInputElement>('agreement'),
  };
}

/** Colours the cells, and says by which box and what the colours mean. */
export function showHeat(viewer: Viewer, heat: Heat): void {
  viewer.heat = heat;
  for (const [kind, box] of Object.entries(heatBoxes())) box.checked = kind === heat;
  byId('heat-legend').hidden = heat === 'off';
  if (heat !== 'off') [byId('heat-low').textContent, byId('heat-high').textContent] = LEGENDS[heat];
  viewer.redraw();
}

/** Offers the agreement of masks by chance as a colouring, or takes it back when there is none. */
export function showAgreement(viewer: Viewer, cells: Float32Array | undefined): void {
  viewer.agreement = cells;
  byId('agreement-toggle').hidden = !cells;
  if (cells) showHeat(viewer, 'agreement');
  else if (viewer.heat === 'agreement') showHeat(viewer, 'off');
}

function connectCellReading(viewer: Viewer): void {
  const canvas = byId('mask-canvas');
  const point = (cell: number | undefined) => {
    if (cell === viewer.cursor) return;
    viewer.cursor = cell;
    byId('cell-reading').textContent = describeCell(viewer);
    viewer.redraw();
  };
  canvas.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    point(viewer.cells && cellAt(viewer.cells, x, y));
  });
  canvas.addEventListener('pointerleave', () => point(undefined));
  canvas.addEventListener('blur', () => point(undefined));
  canvas.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    if (!step || !viewer.cells) return;
    event.preventDefault();
    point(cellBeside(viewer.cells, viewer.cursor, step));
  });
}

const STEPS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function describeCell({ cells, cursor, agreement }: Viewer): string {
  if (!cells || cursor === undefined) return '';
  const place = `Row ${Math.floor(cursor / cells.columns) + 1}, column ${(cursor % cells.columns) + 1}`;
  const token = cells.tokens[cursor];
  if (!token) return `${place}: pending, not decoded`;
  const agreed = agreement?.[cursor];
  return (
    `${place}: token ${token.token}, probability ${token.probability.toFixed(3)}` +
    (agreed === undefined ? '' : `, ${percent(agreed)} agreement`)
  );
}
