// The controls under the picture, and reading single cells with pointer or keyboard.

import { byId } from '../../ui/dom.ts';
import { percent } from '../../ui/format.ts';
import { ARROWS } from '../../ui/keys.ts';
import { inWords, say } from '../../ui/words.ts';
import { cellAt, cellBeside } from '../../picture/place.ts';
import type { Tools } from '../../draw/tools.ts';
import type { Heat, OverlayMode, Viewer } from '../../draw/viewer.ts';
import type { Context } from '../../session/context.ts';

export function connectOverlayControls({ viewer, tools }: Context): void {
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
  truth.addEventListener('change', () => {
    viewer.showsTruth = truth.checked;
    viewer.redraw();
  });
  connectCellReading(viewer, tools);
  inWords(() => showHeat(viewer, viewer.heat));
}

const LEGENDS = { probability: ['certain', 'unsure'], agreement: ['allAgree', 'halfAgree'] } as const;

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
  if (heat !== 'off') [byId('heat-low').textContent, byId('heat-high').textContent] = LEGENDS[heat].map((key) => say(key)) as [string, string];
  viewer.redraw();
}

/** Offers what there is to lay over the picture: ground truth, and the agreement of sampled masks. */
export function offerOverlays(viewer: Viewer): void {
  byId('truth-toggle').hidden = !viewer.scene?.truth;
  byId('agreement-toggle').hidden = !viewer.scene?.agreement;
  if (!viewer.scene?.agreement && viewer.heat === 'agreement') showHeat(viewer, 'off');
}

function connectCellReading(viewer: Viewer, tools: Tools): void {
  const canvas = byId('mask-canvas');
  const point = (cell: number | undefined) => {
    if (cell === viewer.cursor) return;
    viewer.cursor = cell;
    byId('cell-reading').textContent = describeCell(viewer);
    viewer.redraw();
  };
  tools.add({
    name: 'read',
    cursor: 'default',
    hover: (at) => point(at && viewer.scene && cellAt(viewer.scene.grid, at.x, at.y)),
  });
  canvas.addEventListener('blur', () => point(undefined));
  canvas.addEventListener('keydown', (event) => {
    const step = ARROWS[event.key];
    // With Shift they window, with Ctrl they move the picture.
    if (!step || !viewer.scene || event.shiftKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    point(cellBeside(viewer.scene.grid, viewer.cursor, step));
  });
}

function describeCell({ scene, cursor }: Viewer): string {
  if (!scene || cursor === undefined) return '';
  const { cells, grid, agreement } = scene;
  const place = say('cellPlace', Math.floor(cursor / grid.columns) + 1, (cursor % grid.columns) + 1);
  const token = cells[cursor];
  if (!token) return `${place}: ${say('cellPending')}`;
  const agreed = agreement?.[cursor];
  return (
    `${place}: ${say('cellToken', token.token, token.probability.toFixed(3))}` +
    (agreed === undefined ? '' : `, ${say('cellAgreed', percent(agreed))}`)
  );
}
