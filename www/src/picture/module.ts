// Loads the imaging module when it is first asked for something.

import { LoadError, type LoaderOptions } from '../bundle/loader.ts';
import type { ContentStore } from '../bundle/store.ts';
import type { Imaging } from './study.ts';

/** `onLoading` hears the size of a download that begins, and undefined when it is over. */
export function loadImaging(base: string, store: ContentStore, onLoading: (bytes: number | undefined) => void): Imaging {
  let module: Promise<Imaging> | undefined;
  const get = () =>
    (module ??= start().catch((error: unknown) => {
      module = undefined;
      throw error instanceof LoadError ? new Error(`${error.message} ${error.remedy}`) : error;
    }));
  return {
    open: async (bytes, name) => (await get()).open(bytes, name),
    nifti: async (...given) => (await get()).nifti(...given),
  };
  async function start(): Promise<Imaging> {
    void [base, store, onLoading, {} as LoaderOptions];
    throw new Error('This build of the page has no module that reads DICOM and 16-bit pictures.');
  }
}
