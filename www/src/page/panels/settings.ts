// The settings: which model, which engine, how it decodes, and what this browser keeps.

import type { Preference } from '../../engine/choose.ts';
import type { EngineKind } from '../../engine/messages.ts';
import type { EngineListing } from '../../engine/engines.ts';
import { byId } from '../../ui/dom.ts';
import { bytes } from '../../ui/format.ts';
import { inWords, say } from '../../ui/words.ts';
import type { ModelHost } from '../model-host.ts';

const SUITS = { drawing: 'suitsDrawing', xray: 'suitsXray', colour: 'suitsColour' } as const;

export class SettingsPanel {
  readonly #model: ModelHost;
  readonly #engines: EngineListing;
  readonly #bundles = byId<HTMLSelectElement>('model-select');
  readonly #preferences = byId<HTMLSelectElement>('engine-select');
  readonly #dialog = byId<HTMLDialogElement>('settings');
  #cleared = false;
  /** Counts labels, so that a slow one never overwrites a later one. */
  #turn = 0;

  /** `load` makes the chosen model run; `restart` starts another engine for it. */
  constructor(model: ModelHost, engines: EngineListing, load: () => void, restart: () => void) {
    this.#model = model;
    this.#engines = engines;
    this.#preferences.value = model.preference;
    this.#bundles.addEventListener('change', () => model.choose(this.#bundles.value));
    this.#preferences.addEventListener('change', () => {
      model.preference = this.#preferences.value as Preference;
      this.show();
      restart();
    });
    byId('load-model').addEventListener('click', load);
    byId('clear-cache').addEventListener('click', async () => {
      await model.clearCache();
      this.#cleared = true;
      this.show();
    });
    for (const id of ['open-settings', 'change-model']) byId(id).addEventListener('click', () => this.#dialog.showModal());
    inWords(() => this.show());
  }

  show(): void {
    const { listings, listing, preference, badge, kept, client } = this.#model;
    const known = Array.from(this.#bundles.options, ({ value }) => value).join();
    if (known !== listings.map(({ id }) => id).join()) {
      this.#bundles.replaceChildren(...listings.map(({ id, title }) => new Option(title, id)));
    }
    for (const option of this.#bundles.options) {
      const suits = listings.find(({ id }) => id === option.value)?.suits;
      option.textContent = listings.find(({ id }) => id === option.value)!.title + (suits ? `, ${say(SUITS[suits])}` : '');
    }
    if (listing) this.#bundles.value = listing.id;
    this.#preferences.value = preference;
    byId('load-model').textContent = listing
      ? say('load', listing.title, bytes(listing.bytes), bytes(this.#model.engineSize()))
      : say('noModel');
    for (const option of this.#preferences.options) {
      const file = option.value === 'auto' ? undefined : this.#engines[option.value as EngineKind];
      if (file) option.textContent = `${option.text.split(' (')[0]} (${bytes(file.wasm.bytes)})`;
    }
    byId('badge').dataset.engine = badge.engine ?? 'none';
    byId('badge-text').textContent = badge.text || say('noEngine');
    byId('cache-note').textContent = say(this.#cleared ? 'cacheCleared' : kept === false ? 'cacheNotKept' : 'cacheKept');
    const suits = listing?.suits;
    byId('model-line').textContent = listing
      ? `${say('modelLine', listing.title)}${suits ? `, ${say(SUITS[suits])}` : ''}.` +
        (this.#model.suitsPicture || !suits ? '' : ` ${say('suitsNot')}`)
      : say('noModel');
    if (client) this.#cleared = false;
    void this.#label();
  }

  /** What pressing Segment downloads, on its label. */
  async #label(): Promise<void> {
    const turn = ++this.#turn;
    const missing = await this.#model.toDownload();
    if (turn !== this.#turn) return;
    byId('segment').dataset.downloads = String(missing);
    byId('segment').textContent = missing > 0 ? say('segmentDownload', bytes(missing)) : say('segment');
  }
}
