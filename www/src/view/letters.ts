// The letters at the edges of the picture, where the file says which side of the patient lies there.

import type { Orientation } from '../imaging/messages.ts';
import { byId, make } from '../ui/dom.ts';

const EDGES = ['left', 'right', 'top', 'bottom'] as const;

let shown: Orientation | undefined;

/** Shows the letters in place of the words for the sides; without any, the words stay. */
export function showLetters(edges: Orientation | undefined): void {
  if (edges === shown) return;
  shown = edges;
  const corners = byId('corners');
  for (const old of corners.querySelectorAll('.edge')) old.remove();
  corners.classList.toggle('lettered', Boolean(edges?.left && edges.right));
  if (!edges) return;
  corners.append(
    ...EDGES.filter((edge) => edges[edge]).map((edge) => make('span', { class: 'edge', 'data-edge': edge, 'data-testid': `edge-${edge}` }, edges[edge])),
  );
}

/** Whose side is on the left, where the file says it. */
export function sideNote(edges: Orientation | undefined): 'patientRightOnLeft' | 'patientLeftOnLeft' | undefined {
  if (edges?.left.startsWith('R')) return 'patientRightOnLeft';
  return edges?.left.startsWith('L') ? 'patientLeftOnLeft' : undefined;
}
