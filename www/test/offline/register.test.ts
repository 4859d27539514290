// The page's end of the service worker, with a stand-in for the browser's.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { keepOffline, type Applied } from '../../src/offline/register.ts';

class FakeWorker extends EventTarget {
  state = 'installing';
  messages: { kind: string }[] = [];
  answer: Applied = 'applied';
  become(state: string) {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
  postMessage(message: { kind: string }, [port]: MessagePort[]) {
    this.messages.push(message);
    port!.postMessage(this.answer);
  }
}

class FakeRegistration extends EventTarget {
  installing: FakeWorker | null = null;
  waiting: FakeWorker | null = null;
  active: FakeWorker | null = null;
  unregistered = false;
  async unregister() {
    this.unregistered = true;
  }
}

class FakeContainer extends EventTarget {
  controller: object | null = null;
  registration = new FakeRegistration();
  registered: [string, object][] = [];
  async register(url: string, options: object) {
    this.registered.push([url, options]);
    return this.registration;
  }
  async getRegistration() {
    return this.registration;
  }
}

let container: FakeContainer;
let reloads = 0;

function browser(serviceWorker: FakeContainer | undefined) {
  const define = (name: string, value: unknown) => Object.defineProperty(globalThis, name, { value, configurable: true });
  define('navigator', { serviceWorker });
  define('document', { baseURI: 'http://page.test/demo/index.html?engine=cpu' });
  define('location', { reload: () => (reloads += 1) });
}

beforeEach(() => {
  container = new FakeContainer();
  reloads = 0;
  browser(container);
});

test('it is registered for the folder of the page', async () => {
  assert.ok(await keepOffline({}, true));
  assert.deepEqual(container.registered, [
    ['http://page.test/demo/sw.js', { scope: 'http://page.test/demo/', updateViaCache: 'none' }],
  ]);
});

test('the development server has none, and removes one that was left behind', async () => {
  assert.ok(!(await keepOffline({}, false)));
  assert.deepEqual(container.registered, []);
  assert.ok(container.registration.unregistered);
});

test('where service workers are missing or forbidden, nothing happens', async () => {
  container.register = () => Promise.reject(new DOMException('no', 'SecurityError'));
  assert.ok(!(await keepOffline({}, true)));
  browser(undefined);
  assert.ok(!(await keepOffline({}, true)));
});

test('the first version tells that the page opens offline, and is no new one', async () => {
  const told: string[] = [];
  const worker = new FakeWorker();
  container.registration.installing = worker;
  await keepOffline({ ready: () => told.push('ready'), newVersion: () => told.push('new') }, true);
  worker.become('installed');
  assert.deepEqual(told, []);
  worker.become('activated');
  assert.deepEqual(told, ['ready']);
});

for (const [when, find] of [
  ['that waits already', (worker: FakeWorker) => (container.registration.waiting = worker)],
  ['that is found later', () => {}],
] as const) {
  test(`a new version ${when} is told, and the page reloads into it once it has taken over`, async () => {
    container.controller = {};
    const worker = new FakeWorker();
    find(worker);
    const applies: (() => Promise<Applied>)[] = [];
    await keepOffline({ newVersion: (apply) => applies.push(apply) }, true);
    if (applies.length === 0) {
      container.registration.installing = worker;
      container.registration.dispatchEvent(new Event('updatefound'));
      worker.become('installed');
    }
    assert.equal(applies.length, 1);
    worker.answer = 'other-tabs';
    assert.equal(await applies[0]!(), 'other-tabs');
    worker.answer = 'applied';
    assert.equal(await applies[0]!(), 'applied');
    assert.deepEqual(worker.messages, [{ kind: 'apply' }, { kind: 'apply' }]);
    assert.equal(reloads, 0);
    container.dispatchEvent(new Event('controllerchange'));
    assert.equal(reloads, 1);
  });
}
