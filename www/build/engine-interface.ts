// Compiles only when the engine that wasm-bindgen generated has the interface
// that the worker relies on. Run by `npm run check-engine`.

import type * as generated from '../public/engine-cpu/mriseg_web.js';
import type { EngineModule } from '../src/engine/messages.ts';

type Assignable<T extends Wanted, Wanted> = T;
export type Checked = Assignable<typeof generated, EngineModule>;
