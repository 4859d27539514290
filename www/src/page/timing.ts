// What took how long, as the rows of the timing panel.

import { bytes, duration } from './format.ts';

export interface Timings {
  download?: { ms: number; bytes: number; cached: boolean };
  compileMs?: number;
  loadMs?: number;
  warmUpMs?: number;
  adapter?: string;
  prefillMs?: number;
  decode?: { ms: number; tokens: number; passes: number };
}

export function timingRows(timings: Timings): [string, string][] {
  const { download, compileMs, loadMs, warmUpMs, adapter, prefillMs, decode } = timings;
  const rows: [string, string | undefined][] = [
    ['Download', download && describeDownload(download)],
    ['Compile engine', compileMs === undefined ? undefined : duration(compileMs)],
    ['Load weights', loadMs === undefined ? undefined : duration(loadMs)],
    ['Warm up', warmUpMs === undefined ? undefined : duration(warmUpMs)],
    ['Encode and prefill', prefillMs === undefined ? undefined : duration(prefillMs)],
    ['Per token', decode && decode.tokens > 0 ? duration(decode.ms / decode.tokens) : undefined],
    ['Passes', decode && decode.passes > 0 ? `${decode.passes} for ${decode.tokens} tokens` : undefined],
    ['Whole mask', decode && prefillMs !== undefined ? duration(prefillMs + decode.ms) : undefined],
    ['Adapter', adapter],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

function describeDownload(download: { ms: number; bytes: number; cached: boolean }): string {
  return download.cached
    ? `${bytes(download.bytes)} from this browser's cache`
    : `${bytes(download.bytes)} in ${duration(download.ms)}`;
}
