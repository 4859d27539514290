// Which engine runs, and why. Pure, so that every branch is tested.

import type { EngineKind, Speed } from './messages.ts';

export type Preference = 'auto' | EngineKind;

/** What probing WebGPU found. */
export interface Probe {
  works: boolean;
  /** A software adapter: right, but slower than the CPU engine. */
  software: boolean;
  /** The adapter's name, or why there is none. */
  detail: string;
}

export interface Choice {
  engine: EngineKind;
  reason: string;
}

/** The engines to start for `preference`, the CPU engine first. With two, `decide` picks by measurement. */
export function candidates(preference: Preference, probe: Probe): EngineKind[] {
  if (preference === 'cpu' || !probe.works) return ['cpu'];
  if (preference === 'webgpu') return ['webgpu'];
  return probe.software ? ['cpu'] : ['cpu', 'webgpu'];
}

/** The choice, given what each started engine measured: null where it could not be measured; one that failed to start is not there. */
export function decide(
  preference: Preference,
  probe: Probe,
  speeds: Partial<Record<EngineKind, Speed | null>>,
  tokens: number,
): Choice {
  if (preference === 'cpu') return { engine: 'cpu', reason: 'chosen by you' };
  if (!probe.works) {
    const asked = preference === 'webgpu' ? 'WebGPU was asked for, but ' : '';
    return { engine: 'cpu', reason: `${asked}${probe.detail}` };
  }
  if (preference === 'webgpu') {
    return speeds.webgpu !== undefined
      ? { engine: 'webgpu', reason: `chosen by you, on ${probe.detail}` }
      : { engine: 'cpu', reason: 'WebGPU was asked for, but its engine did not start' };
  }
  if (probe.software) {
    return { engine: 'cpu', reason: `WebGPU is only a software adapter here (${probe.detail})` };
  }
  const { cpu, webgpu } = speeds;
  if (webgpu === undefined) return { engine: 'cpu', reason: 'the WebGPU engine did not start' };
  if (cpu === undefined) return { engine: 'webgpu', reason: 'the CPU engine did not start' };
  if (!webgpu || !cpu) return { engine: 'cpu', reason: 'the engines could not be compared with this model\u2019s example sentence' };
  const engine = wholeMask(webgpu, tokens) < wholeMask(cpu, tokens) ? 'webgpu' : 'cpu';
  const compared = `${milliseconds(cpu)} on the CPU, ${milliseconds(webgpu)} on ${probe.detail}`;
  return { engine, reason: `the faster one here: ${compared}` };
}

function wholeMask(speed: Speed, tokens: number): number {
  return speed.prefillMs + tokens * speed.msPerToken;
}

function milliseconds(speed: Speed): string {
  return `${speed.msPerToken.toFixed(1)} ms a token`;
}

/** Whether an adapter's names say that it computes on the CPU. */
export function isSoftware(...names: readonly string[]): boolean {
  return /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp/i.test(names.join(' '));
}

export function parsePreference(search: string): Preference {
  const asked = new URLSearchParams(search).get('engine');
  return asked === 'cpu' || asked === 'webgpu' ? asked : 'auto';
}
