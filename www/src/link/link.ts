// Addresses that open the page on something: an example, a sentence, a model. Never a picture of the user's.

/** The panels that a link can open. */
export type Tab = string;

export interface Link {
  /** Id of a gallery picture. */
  example?: string;
  sentence?: string;
  /** Id of a bundle. */
  model?: string;
  /** Of the sampled masks. */
  seed?: number;
  /** Tokens of the mask that are shown. */
  step?: number;
  tab?: Tab;
}

/** The longest sentence in a link; the engine refuses such ones anyway. */
const MAX_SENTENCE = 2000;
/** Names of gallery pictures, bundles and panels. */
const NAME = /^[\w.-]{1,100}$/;
const MAX_NUMBER = 2 ** 32 - 1;

/** `link` as a fragment, with its `#`; empty when there is nothing to say. What `decodeLink` would refuse is left out. */
export function encodeLink(link: Link): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(sound(link))) parameters.set(key, String(value));
  const text = parameters.toString();
  return text && `#${text}`;
}

/**
 * What the address says, of its query (`?example=…`) and its fragment (`#example=…`), which goes first.
 * Whatever makes no sense is left out.
 */
export function decodeLink({ search = '', hash = '' }: { search?: string; hash?: string }): Link {
  const [inSearch, inHash] = [new URLSearchParams(search), new URLSearchParams(hash.replace(/^#/, ''))];
  const values: Record<string, string> = {};
  for (const key of ['example', 'sentence', 'model', 'seed', 'step', 'tab']) {
    const value = inHash.get(key) ?? inSearch.get(key);
    if (value !== null) values[key] = value;
  }
  const { seed, step, ...words } = values;
  return sound({
    ...words,
    ...(seed !== undefined && { seed: parse(seed) }),
    ...(step !== undefined && { step: parse(step) }),
  });
}

/** The parts of `link` that a page can use. */
function sound({ example, sentence, model, seed, step, tab }: Link): Link {
  const said = sentence && clean(sentence);
  return {
    ...(example !== undefined && NAME.test(example) && { example }),
    ...(said && { sentence: said }),
    ...(model !== undefined && NAME.test(model) && { model }),
    ...(isCount(seed) && { seed }),
    ...(isCount(step) && { step }),
    ...(tab !== undefined && NAME.test(tab) && { tab }),
  };
}

/** Without control characters and without half of a surrogate pair; undefined where nothing is left or it is too long. */
function clean(sentence: string): string | undefined {
  const text = sentence.replace(/\p{Cc}+|\p{Cs}/gu, ' ').trim();
  return text.length > 0 && text.length <= MAX_SENTENCE ? text : undefined;
}

function parse(text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : NaN;
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= MAX_NUMBER;
}
