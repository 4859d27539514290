// What took how long, as the rows of the timing panel.

import { bytes, duration } from './format.ts';
import type { Run } from './run.ts';

export interface ModelTimings {
  download?: { ms: number; bytes: number; cached: boolean };
  compileMs?: number;
  loadMs?: number;
  warmUpMs?: number | undefined;
  adapter?: string;
}

export function timingRows(model: ModelTimings, run: Run | undefined): [string, string][] {
  const { download, compileMs, loadMs, warmUpMs, adapter } = model;
  const count = run?.tokens.length ?? 0;
  const decoded = run?.outcome;
  const rows: [string, string | undefined][] = [
    ['Download', download && describeDownload(download)],
    ['Compile engine', compileMs === undefined ? undefined : duration(compileMs)],
    ['Load weights', loadMs === undefined ? undefined : duration(loadMs)],
    ['Warm up', warmUpMs === undefined ? undefined : duration(warmUpMs)],
    ['Encode and prefill', run && duration(run.prefillMs)],
    ['Per token', decoded && count > 0 ? duration(decoded.decodeMs / count) : undefined],
    ['Passes', decoded && decoded.result.passes > 0 ? `${decoded.result.passes} for ${count} tokens` : undefined],
    ['Whole mask', run && decoded && duration(run.prefillMs + decoded.decodeMs)],
    ['Adapter', adapter],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

function describeDownload(download: { ms: number; bytes: number; cached: boolean }): string {
  return download.cached
    ? `${bytes(download.bytes)} from this browser's cache`
    : `${bytes(download.bytes)} in ${duration(download.ms)}`;
}
