// The orientation tag of a camera (EXIF). Browsers differ in which files they turn by it: of JPEG all do, of PNG and WebP some.
// So the tag is taken out of what the browser decodes, and the picture is turned here, by the engine's rule.

import { jpegSegments, textAt, type Sniffed } from './sniff.ts';

/** 1 is upright; the others are those of TIFF 6.0, tag 274. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** EXIF data: the bytes from `from` up to `to`. */
interface Chunk {
  from: number;
  to: number;
  /** Whether the engine goes by them; browsers may. */
  counts: boolean;
}

/** A tag in a file: the chunk that holds it, its value and where that stands. */
interface Tag {
  chunk: Chunk;
  value: Orientation;
  /** Of its two bytes. */
  at: number;
  littleEndian: boolean;
}

/** How a file is to be turned, and its bytes without the tag: a browser decodes them as they are stored. */
export function untagged(bytes: Uint8Array<ArrayBuffer>, type: Sniffed['type']): { orientation: Orientation; parts: BlobPart[] } {
  const chunks = CHUNKS[type](bytes);
  const tags = chunks.flatMap((chunk) => tagIn(bytes, chunk) ?? []);
  // Of several the engine takes the last.
  const last = chunks.filter(({ counts }) => counts).at(-1);
  const orientation = tags.find(({ chunk }) => chunk === last)?.value ?? 1;
  const parts: BlobPart[] = [];
  let from = 0;
  for (const { chunk, at, littleEndian } of tags) {
    // A chunk of PNG has a checksum, so it goes as a whole; elsewhere the tag is made to say "upright".
    const whole = type === 'PNG';
    parts.push(bytes.subarray(from, whole ? chunk.from - 8 : at));
    if (!whole) parts.push(littleEndian ? Uint8Array.of(1, 0) : Uint8Array.of(0, 1));
    from = whole ? chunk.to + 4 : at + 2;
  }
  parts.push(bytes.subarray(from));
  return { orientation, parts };
}

/** `picture` turned upright, pixel by pixel. */
export function turned(picture: ImageBitmap, orientation: Orientation): ImageBitmap {
  const { width: across, height: down } = picture;
  const [width, height] = orientation >= 5 ? [down, across] : [across, down];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  // Columns of the matrix that takes stored pixels to upright ones.
  const [a, b, c, d] = MATRICES[orientation];
  context.setTransform(a, b, c, d, a + c < 0 ? width : 0, b + d < 0 ? height : 0);
  context.drawImage(picture, 0, 0);
  return canvas.transferToImageBitmap();
}

const MATRICES: Record<Orientation, readonly [number, number, number, number]> = {
  1: [1, 0, 0, 1],
  2: [-1, 0, 0, 1],
  3: [-1, 0, 0, -1],
  4: [1, 0, 0, -1],
  5: [0, 1, 1, 0],
  6: [0, 1, -1, 0],
  7: [0, -1, -1, 0],
  8: [0, -1, 1, 0],
};

/** What EXIF data begin with in JPEG. */
const EXIF = 'Exif\0\0';

/** Where the EXIF data of a file lie, by its format. */
const CHUNKS: Record<Sniffed['type'], (bytes: Uint8Array) => Chunk[]> = { PNG: pngChunks, JPEG: jpegChunks, WebP: webpChunks, DICOM: () => [] };

/** The engine reads what stands before the pixels. */
function pngChunks(bytes: Uint8Array): Chunk[] {
  const view = viewOf(bytes);
  const found: Chunk[] = [];
  let counts = true;
  for (let at = 8; at + 8 <= bytes.length; ) {
    const [from, to, type] = [at + 8, at + 8 + view.getUint32(at), view.getUint32(at + 4)];
    if (to + 4 > bytes.length) break;
    if (type === 0x49444154) counts = false; // IDAT
    if (type === 0x65584966) found.push({ from, to, counts }); // eXIf
    at = to + 4;
  }
  return found;
}

function jpegChunks(bytes: Uint8Array): Chunk[] {
  const exif = Array.from(jpegSegments(bytes)).filter(({ marker, at, to }) => marker === 0xe1 && begins(bytes, at + 4, EXIF) && to <= bytes.length);
  return exif.map(({ at, to }) => ({ from: at + 10, to, counts: true }));
}

function webpChunks(bytes: Uint8Array): Chunk[] {
  const view = viewOf(bytes);
  const found: Chunk[] = [];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [from, to] = [at + 8, at + 8 + view.getUint32(at + 4, true)];
    if (to > bytes.length) break;
    if (begins(bytes, at, 'EXIF')) {
      // Some programs put the prefix of JPEG here too.
      const prefixed = begins(bytes, from, EXIF);
      found.push({ from: prefixed ? from + EXIF.length : from, to, counts: !prefixed });
    }
    at = to + (to & 1);
  }
  return found;
}

/** The orientation in TIFF data: a SHORT in the first directory. */
function tagIn(bytes: Uint8Array, chunk: Chunk): Tag | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + chunk.from, chunk.to - chunk.from);
  if (view.byteLength < 8) return undefined;
  const littleEndian = view.getUint32(0) === 0x49492a00;
  if (!littleEndian && view.getUint32(0) !== 0x4d4d002a) return undefined;
  const directory = view.getUint32(4, littleEndian);
  if (directory + 2 > view.byteLength) return undefined;
  const count = view.getUint16(directory, littleEndian);
  for (let at = directory + 2; at < directory + 2 + 12 * count && at + 12 <= view.byteLength; at += 12) {
    const isOrientation = view.getUint16(at, littleEndian) === 0x112;
    if (!isOrientation || view.getUint16(at + 2, littleEndian) !== 3 || view.getUint32(at + 4, littleEndian) !== 1) continue;
    const value = view.getUint16(at + 8, littleEndian);
    return value >= 1 && value <= 8 ? { chunk, value: value as Orientation, at: chunk.from + at + 8, littleEndian } : undefined;
  }
  return undefined;
}

function begins(bytes: Uint8Array, at: number, text: string): boolean {
  return textAt(bytes, at, text.length) === text;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
