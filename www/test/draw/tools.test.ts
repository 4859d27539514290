import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tools, type Tool } from '../../src/draw/tools.ts';

/** As much of an element as tools need, 100 x 50 pixels large. */
class FakeCanvas extends EventTarget {
  style = { cursor: '', touchAction: '' };
  setPointerCapture(): void {}
  getBoundingClientRect() {
    return { left: 10, top: 0, width: 100, height: 50 };
  }
  send(type: string, clientX: number, more: { button?: number; pointerId?: number } = {}): void {
    this.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), { clientX, clientY: 25, button: 0, pointerId: 1, ...more }));
  }
}

/** A tool that writes down what it was told. */
function recorder(name: string, log: string[], cancels = false): Tool {
  const write = (what: string) => (point?: { x: number } | undefined) => void log.push(`${name} ${what} ${point?.x ?? '-'}`);
  const tool = { name, cursor: name, hover: write('hover'), down: write('down'), drag: write('drag'), up: write('up') };
  return cancels ? { ...tool, cancel: () => void log.push(`${name} cancel`) } : tool;
}

function setUp() {
  const canvas = new FakeCanvas();
  const tools = new Tools(canvas as unknown as HTMLElement);
  const log: string[] = [];
  return { canvas, tools, log };
}

test('one tool has the pointer, from the press to its end, in shares of the picture', () => {
  const { canvas, tools, log } = setUp();
  tools.add(recorder('a', log));
  tools.add(recorder('b', log));
  assert.equal(tools.current, 'a');
  canvas.send('pointerdown', 10);
  canvas.send('pointermove', 60);
  canvas.send('pointermove', 90, { pointerId: 2 });
  canvas.send('pointerup', 110);
  canvas.send('pointermove', 35);
  assert.deepEqual(log, ['a down 0', 'a drag 0.5', 'a up 1', 'a hover 0.25']);
});

test('the tool behind gets what the selected one leaves, and the middle button', () => {
  const { canvas, tools, log } = setUp();
  tools.add({ name: 'read', cursor: 'default' });
  assert.equal(canvas.style.touchAction, 'pan-x pan-y');
  tools.background = recorder('pan', log);
  assert.equal(canvas.style.touchAction, 'none');
  canvas.send('pointerdown', 10);
  canvas.send('pointerup', 10);
  tools.add(recorder('brush', log));
  tools.select('brush');
  canvas.send('pointerdown', 10);
  canvas.send('pointerup', 10);
  canvas.send('pointerdown', 10, { button: 1 });
  assert.deepEqual(log, ['pan down 0', 'pan up 0', 'brush down 0', 'brush up 0', 'pan down 0']);
});

test('a tool that is held by a key goes before the selected one', () => {
  const { canvas, tools, log } = setUp();
  tools.add(recorder('brush', log));
  tools.held = recorder('pan', log);
  assert.equal(canvas.style.cursor, 'pan');
  canvas.send('pointerdown', 10);
  tools.held = undefined;
  canvas.send('pointerup', 10);
  assert.equal(canvas.style.cursor, 'brush');
  assert.deepEqual(log, ['pan down 0', 'pan up 0']);
});

test('a second finger ends what the first began: cancelled where the tool can, else as if it were lifted', () => {
  for (const [cancels, end] of [[true, 'a cancel'], [false, 'a up 0.5']] as const) {
    const { canvas, tools, log } = setUp();
    tools.add(recorder('a', log, cancels));
    canvas.send('pointerdown', 10);
    canvas.send('pointermove', 60);
    tools.interrupt();
    canvas.send('pointerup', 110);
    assert.deepEqual(log, ['a down 0', 'a drag 0.5', end]);
  }
});
