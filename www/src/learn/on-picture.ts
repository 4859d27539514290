// The selected token, and what it attends to, on the picture itself.

import type { Context } from '../session/context.ts';
import { sceneOf } from '../session/scene.ts';
import { byId, make } from '../ui/dom.ts';
import { reading, strengths } from './heads.ts';
import { Memo } from './memo.ts';
import { HEAT, cleared } from './patches.ts';
import type { LearnState } from './state.ts';

export function connectPicture({ tools, viewer }: Context, state: LearnState): void {
  const stage = byId<HTMLCanvasElement>('mask-canvas');
  const canvas = make('canvas', { class: 'learn-overlay', 'aria-hidden': true });
  byId('frame').append(canvas);
  const active = () => state.visible && tools.current === 'read';
  stage.addEventListener('click', (event) => {
    if (!active()) return;
    const { x, y } = tools.at(event);
    state.point(x, y);
  });
  // The keyboard's cursor has moved before this is called.
  stage.addEventListener('keydown', ({ key }) => {
    if (active() && key.startsWith('Arrow') && viewer.cursor !== undefined) state.select(viewer.cursor);
  });
  const drawn = new Memo();
  state.onChange(() => {
    const { run, index, attention, where, onPicture } = state;
    if (drawn.changed(run?.tokens, run?.started, index, onPicture && attention, where, onPicture, stage.width, stage.height)) {
      draw(canvas, stage, state);
    }
  });
}

function draw(canvas: HTMLCanvasElement, { width, height }: HTMLCanvasElement, state: LearnState): void {
  const g = cleared(canvas, width, height);
  const { run, index, attention, where, onPicture } = state;
  if (!run) return;
  const { rows, columns, place } = sceneOf(run).grid;
  const [w, h] = [(place.width * width) / columns, (place.height * height) / rows];
  const at = (cell: number) => [place.x * width + (cell % columns) * w, place.y * height + Math.floor(cell / columns) * h] as const;
  if (onPicture && attention) {
    strengths(reading(attention, where).cells).forEach((strength, cell) => {
      g.fillStyle = `rgb(${HEAT} / ${(0.75 * strength).toFixed(3)})`;
      g.fillRect(...at(cell), w, h);
    });
  }
  g.strokeStyle = 'rgb(0 0 0 / 0.75)';
  g.lineWidth = 7;
  g.strokeRect(...at(index), w, h);
  g.strokeStyle = `rgb(${HEAT})`;
  g.lineWidth = 3;
  g.strokeRect(...at(index), w, h);
}
