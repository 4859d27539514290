// What took how long, as the rows of the timing panel.

import type { Run } from '../session/run.ts';
import { bytes, duration } from '../ui/format.ts';
import { say } from '../ui/words.ts';

export interface ModelTimings {
  download?: { ms: number; bytes: number; cached: boolean };
  compileMs?: number;
  loadMs?: number;
  warmUpMs?: number | undefined;
  adapter?: string;
}

/** `memory` are the bytes that the engine has taken. */
export function timingRows(model: ModelTimings, run: Run | undefined, memory?: number): [string, string][] {
  const { download, compileMs, loadMs, warmUpMs, adapter } = model;
  const count = run?.tokens.length ?? 0;
  const decoded = run?.outcome;
  const rows: [string, string | undefined][] = [
    [say('rowDownload'), download && describeDownload(download)],
    [say('rowCompile'), compileMs === undefined ? undefined : duration(compileMs)],
    [say('rowLoad'), loadMs === undefined ? undefined : duration(loadMs)],
    [say('rowWarmUp'), warmUpMs === undefined ? undefined : duration(warmUpMs)],
    [say('rowPrefill'), run && duration(run.prefillMs)],
    [say('rowToken'), decoded && count > 0 ? duration(decoded.decodeMs / count) : undefined],
    [say('rowPasses'), decoded && decoded.result.passes > 0 ? say('passesFor', decoded.result.passes, count) : undefined],
    [say('rowMask'), run && decoded && duration(run.prefillMs + decoded.decodeMs)],
    [say('rowAdapter'), adapter],
    [say('rowMemory'), memory ? bytes(memory) : undefined],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

function describeDownload(download: { ms: number; bytes: number; cached: boolean }): string {
  return download.cached
    ? say('fromCache', bytes(download.bytes))
    : say('inTime', bytes(download.bytes), duration(download.ms));
}
