// What runs here. Whether WebGPU really works: adapter, device and one checked dispatch, since `navigator.gpu` alone
// says nothing. Which file of the CPU engine the browser takes.

import { plainMessage } from '../bundle/loader.ts';
import { isSoftware, type Probe } from './choose.ts';

// TypeScript's own library has WebGPU's types, but not these constants.
declare const GPUBufferUsage: Record<'STORAGE' | 'COPY_SRC' | 'COPY_DST' | 'MAP_READ', number>;
declare const GPUMapMode: Record<'READ', number>;

const DOUBLE = `
@group(0) @binding(0) var<storage, read_write> data: array<u32>;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) {
  data[id.x] *= 2u;
}`;

/** A module whose one function is `unreachable f32x4.relaxed_madd drop`. */
const RELAXED_MADD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 0, 253, 133, 2, 26, 11);

/** Which file of the CPU engine runs here: the one that multiplies and adds in one instruction, where the browser knows it. */
export const cpuFile = () => (globalThis.WebAssembly?.validate(RELAXED_MADD) ? 'cpu-relaxed' : 'cpu');

/** A driver that hangs must not hold up the page. */
const PATIENCE_MS = 3000;

const none = (detail: string): Probe => ({ works: false, software: false, detail });

/** What WebGPU can do here; settles within `patience` milliseconds, whatever the driver does. */
export async function probeWebGpu(gpu: GPU | undefined = navigator.gpu, patience = PATIENCE_MS): Promise<Probe> {
  if (!gpu) return none('this browser has no WebGPU');
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Probe>((resolve) => {
    const detail = `WebGPU did not answer within ${patience / 1000} seconds`;
    timer = setTimeout(() => resolve(none(detail)), patience);
  });
  return Promise.race([tryOut(gpu), late]).finally(() => clearTimeout(timer));
}

async function tryOut(gpu: GPU): Promise<Probe> {
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return none('this browser has no WebGPU adapter');
    const { vendor, architecture, description } = adapter.info;
    const detail = description || [vendor, architecture].filter(Boolean).join(' ') || 'an unnamed GPU';
    const software = adapter.info.isFallbackAdapter || isSoftware(vendor, architecture, description);
    const device = await adapter.requestDevice();
    try {
      if (!(await doubles(device))) return none(`WebGPU computes wrongly on ${detail}`);
    } finally {
      device.destroy();
    }
    return { works: true, software, detail };
  } catch (error) {
    return none(`WebGPU failed its test: ${plainMessage(error)}`);
  }
}

async function doubles(device: GPUDevice): Promise<boolean> {
  const input = new Uint32Array([1, 20, 300, 4000]);
  const size = input.byteLength;
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const data = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
  const back = device.createBuffer({ size, usage: COPY_DST | MAP_READ });
  device.queue.writeBuffer(data, 0, input);
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: DOUBLE }), entryPoint: 'main' },
  });
  const commands = device.createCommandEncoder();
  const pass = commands.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer: data } }],
    }),
  );
  pass.dispatchWorkgroups(1);
  pass.end();
  commands.copyBufferToBuffer(data, 0, back, 0, size);
  device.queue.submit([commands.finish()]);
  await back.mapAsync(GPUMapMode.READ);
  const output = new Uint32Array(back.getMappedRange());
  return input.every((value, i) => output[i] === value * 2);
}
