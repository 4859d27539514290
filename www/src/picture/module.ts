// The imaging module, which decodes what browsers do not (DICOM, 16 bits) and knows the values of pixels. It is loaded when
// it is first asked for something.

import { fetchJson } from '../bundle/json.ts';
import type { ContentStore } from '../bundle/store.ts';
import { ImagingClient, type ImagingListing } from '../imaging/client.ts';

export type Imaging = Pick<ImagingClient, 'open' | 'nifti'>;

/** `onLoading` hears the size of a download that begins, and undefined when it is over. */
export function loadImaging(base: string, store: ContentStore, onLoading: (bytes: number | undefined) => void): Imaging {
  let client: Promise<ImagingClient> | undefined;
  let loading = false;

  async function start(): Promise<ImagingClient> {
    const listing = await fetchJson<ImagingListing>('imaging.json', base, null, (error) => {
      throw error;
    });
    if (!listing) throw new Error('This build of the page has no module that reads DICOM and 16-bit pictures.');
    return new ImagingClient(base, listing, {
      store,
      fetch: (url, init) => {
        loading = true;
        onLoading(listing.wasm.bytes);
        return fetch(url, init);
      },
      onBytes: () => {},
    });
  }

  async function ask<T>(work: (client: ImagingClient) => Promise<T>): Promise<T> {
    client ??= start();
    try {
      const value = await work(await client);
      if (loading) onLoading(undefined);
      loading = false;
      return value;
    } catch (error) {
      // Without a listing the next file asks for it again.
      await client.catch(() => (client = undefined));
      throw error;
    }
  }

  return {
    open: (bytes, name) => ask((client) => client.open(bytes, name)),
    nifti: (...given) => ask((client) => client.nifti(...given)),
  };
}
