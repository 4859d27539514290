// Compiles only when the imaging module that wasm-bindgen generated has the interface that its worker relies on. Run by
// `npm run check-engine`.

import type * as generated from '../public/imaging/mriseg_imaging.js';
import type { ImagingModule } from '../src/imaging/messages.ts';

type Assignable<T extends Wanted, Wanted> = T;
export type Checked = Assignable<typeof generated, ImagingModule>;
