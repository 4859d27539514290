// Several files that came at once: which of them is the picture, and which is its mask.

import { formatOf } from './sniff.ts';

/** What file managers leave in folders, and the index of DICOM media. */
const JUNK = /^(\..*|thumbs\.db|desktop\.ini|dicomdir)$/i;
const MASK = /^(masks?|gt|seg|segmentation|labels?|truth|groundtruth)$/;
/** Enough to know a format by. */
const HEAD_BYTES = 400;

interface Named {
  name: string;
}

/** The files without those that nobody put there; a file that comes alone was meant. */
export function withoutJunk<F extends Named>(files: readonly F[]): readonly F[] {
  return files.length > 1 ? files.filter(({ name }) => !JUNK.test(name)) : files;
}

/** Whether a file's name says that it is a mask. */
export function namesMask(name: string): boolean {
  return wordsOf(name).some((word) => MASK.test(word));
}

/**
 * The mask of the picture called `picture` among `files`: the one with the same name beside "mask". Of a picture and one
 * other file, a name that is part of the other is enough.
 */
export function maskOf<F extends Named>(picture: string, files: readonly F[]): F | undefined {
  const words = stemOf(picture);
  const masks = files.filter(({ name }) => name !== picture && namesMask(name));
  const [only] = masks;
  const exact = masks.find(({ name }) => stemOf(name).join() === words.join());
  if (exact || !only || files.length > 2) return exact;
  const others = stemOf(only.name);
  return others.every((word) => words.includes(word)) || words.every((word) => others.includes(word)) ? only : undefined;
}

/**
 * Which of several files is opened: the first by name that is a picture, masks last; undefined where none is. Where only a
 * mask could be opened, it is the file that the mask is of, so that people hear what is wrong with that.
 */
export async function firstPicture(files: readonly File[]): Promise<File | undefined> {
  const isMask = ({ name }: Named) => Number(namesMask(name));
  const named = [...files].sort((a, b) => isMask(a) - isMask(b) || a.name.localeCompare(b.name, 'en', { numeric: true }));
  for (const file of named) {
    const head = await file.slice(0, HEAD_BYTES).arrayBuffer().catch(() => new ArrayBuffer());
    if (formatOf(new Uint8Array(head))) return (isMask(file) && named.find((other) => !isMask(other) && maskOf(other.name, files) === file)) || file;
  }
  return undefined;
}

/** Letters and numbers of a file's name, without its ending. */
function wordsOf(name: string): readonly string[] {
  return name.replace(/\.[^.]*$/, '').toLowerCase().match(/\p{L}+|\d+/gu) ?? [];
}

/** What names the case: all but the words for a mask. */
function stemOf(name: string): readonly string[] {
  return wordsOf(name).filter((word) => !MASK.test(word));
}
