// What a file really is, from its first bytes, before anything decodes it.

import { FileRefusal, type FileKey, type FileText } from './refusal.ts';

export interface Sniffed {
  type: 'PNG' | 'JPEG' | 'WebP' | 'DICOM';
  mime: string;
  /** Whether it takes the imaging module: browsers decode no DICOM, and 16 bits only to 8. */
  needsModule: boolean;
}

/** The picture format of `bytes`; throws a `FileRefusal` otherwise. */
export function sniff(bytes: Uint8Array, name: string): Sniffed {
  if (bytes.length === 0) throw new FileRefusal(name, 'file.empty', 'file.choose');
  const known = formatOf(bytes);
  if (known?.type === 'JPEG') refuseJpeg(bytes, name);
  if (known) return known;
  const foreign = FOREIGN.find(({ is }) => is(bytes, name));
  throw new FileRefusal(name, foreign?.what ?? 'file.unknown', foreign?.remedy ?? 'file.convert');
}

/** The format that is read here of which `bytes` are, by their beginning. */
export function formatOf(bytes: Uint8Array): Sniffed | undefined {
  const starts = (at: number, ...values: number[]) => values.every((value, i) => bytes[at + i] === value);
  if (starts(0, 0x89, 0x50, 0x4e, 0x47)) return { type: 'PNG', mime: 'image/png', needsModule: bytes[24] === 16 };
  if (starts(0, 0xff, 0xd8, 0xff)) return { type: 'JPEG', mime: 'image/jpeg', needsModule: false };
  if (starts(0, 0x52, 0x49, 0x46, 0x46) && starts(8, 0x57, 0x45, 0x42, 0x50)) {
    return { type: 'WebP', mime: 'image/webp', needsModule: false };
  }
  if (isDicom(bytes)) return { type: 'DICOM', mime: 'application/dicom', needsModule: true };
  return undefined;
}

/** Width and height that the header of a PNG, JPEG or WebP file claims; undefined for other formats and broken headers. */
export function claimedSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const { type } = formatOf(bytes) ?? {};
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = (width: number, height: number) => ({ width, height });
  if (type === 'PNG' && bytes.length >= 24) return size(view.getUint32(16), view.getUint32(20));
  if (type === 'JPEG') {
    const { at } = jpegFrame(bytes);
    return at !== undefined && at + 9 <= bytes.length ? size(view.getUint16(at + 7), view.getUint16(at + 5)) : undefined;
  }
  if (type !== 'WebP' || bytes.length < 30) return undefined;
  const triple = (at: number) => view.getUint16(at, true) + (bytes[at + 2]! << 16);
  const packed = view.getUint32(21, true);
  switch (textAt(bytes, 12, 4)) {
    case 'VP8X':
      return size(triple(24) + 1, triple(27) + 1);
    case 'VP8L':
      return size((packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1);
    case 'VP8 ':
      return size(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
    default:
      return undefined;
  }
}

/** With a preamble, or beginning at once with an element of group 0002 or 0008, as old files do. */
function isDicom(bytes: Uint8Array): boolean {
  if (textAt(bytes, 128, 4) === 'DICM') return true;
  const [group, high, element, zero] = bytes;
  if (bytes.length < 16 || high !== 0 || (group !== 2 && group !== 8) || zero !== 0 || element! > 0x70) return false;
  const explicit = /^(UL|UI|CS|DA|TM|SH|LO|OB|DT)$/.test(textAt(bytes, 4, 2));
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  return explicit || length <= 64;
}

/** Kinds of JPEG that browsers do not decode, told by the marker of the frame; and those whose end is missing, of which they
 * would show the rest in grey. */
function refuseJpeg(bytes: Uint8Array, name: string): void {
  const { marker, bits, scan } = jpegFrame(bytes);
  const kind: FileText | undefined = JPEG_KINDS[marker ?? 0] ?? (bits > 8 ? ['file.jpegBits', bits] : undefined);
  if (kind) throw new FileRefusal(name, kind, 'file.asPngOrDicom');
  if (scan === undefined) return;
  for (let at = bytes.length - 2; at > scan; at--) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return;
  throw new FileRefusal(name, 'file.cut', 'file.again');
}

const JPEG_KINDS: Record<number, FileKey> = {
  0xc3: 'file.jpegLossless',
  0xc9: 'file.jpegArithmetic',
  0xca: 'file.jpegArithmetic',
  0xcb: 'file.jpegLossless',
  0xf7: 'file.jpegLs',
};

/** Where the first frame (SOF) of a JPEG begins, its marker, the bits of a sample that it states, and where the first scan begins. */
interface JpegFrame {
  at: number | undefined;
  marker: number | undefined;
  bits: number;
  scan: number | undefined;
}

function jpegFrame(bytes: Uint8Array): JpegFrame {
  const found: JpegFrame = { at: undefined, marker: undefined, bits: 8, scan: undefined };
  for (const { marker, at } of jpegSegments(bytes)) {
    if (marker === 0xda) found.scan = at;
    const isFrame = marker === 0xf7 || (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker));
    if (isFrame && found.marker === undefined) Object.assign(found, { at, marker, bits: bytes[at + 4]! });
  }
  return found;
}

/** The segments of a JPEG up to its first scan: their markers, where they begin and where the next begins. */
export function* jpegSegments(bytes: Uint8Array): Generator<{ marker: number; at: number; to: number }> {
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    // Fill bytes, and markers that stand alone.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else {
      const to = at + 2 + (bytes[at + 2]! << 8) + bytes[at + 3]!;
      if (marker !== 0xd9) yield { marker, at, to };
      if (marker === 0xd9 || marker === 0xda) return;
      at = to;
    }
  }
}

interface Foreign {
  is(bytes: Uint8Array, name: string): boolean;
  what: FileKey;
  remedy: FileKey;
}

const begins = (at: number, ...texts: string[]) => (bytes: Uint8Array) => texts.some((text) => textAt(bytes, at, text.length) === text);
const either = (...tests: Foreign['is'][]): Foreign['is'] => (bytes, name) => tests.some((test) => test(bytes, name));
const text = (pattern: RegExp) => (bytes: Uint8Array) => pattern.test(textAt(bytes, 0, 1000));
const GZIP = begins(0, '\x1f\x8b');

const FOREIGN: readonly Foreign[] = [
  { is: begins(4, 'ftyphei', 'ftyphev', 'ftypmif1', 'ftypmsf1'), what: 'file.heic', remedy: 'file.asPng' },
  { is: begins(4, 'ftypavif', 'ftypavis'), what: 'file.avif', remedy: 'file.asPng' },
  { is: either(begins(4, 'ftyp'), begins(0, '\x1aE\xdf\xa3'), begins(8, 'AVI ')), what: 'file.video', remedy: 'file.frame' },
  { is: begins(0, 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'), what: 'file.tiff', remedy: 'file.asPng' },
  { is: begins(0, 'GIF8'), what: 'file.gif', remedy: 'file.asPng' },
  { is: begins(0, 'BM'), what: 'file.bmp', remedy: 'file.asPng' },
  { is: begins(0, '\0\0\x01\0'), what: 'file.icon', remedy: 'file.asPng' },
  { is: begins(0, '8BPS'), what: 'file.psd', remedy: 'file.asPng' },
  { is: either(begins(4, 'jP  '), begins(0, '\xff\x4f\xff\x51')), what: 'file.jpeg2000', remedy: 'file.asPng' },
  { is: either(begins(4, 'JXL '), begins(0, '\xff\x0a')), what: 'file.jxl', remedy: 'file.asPng' },
  { is: either(begins(344, 'n+1', 'ni1'), begins(4, 'n+2', 'ni2')), what: 'file.nifti', remedy: 'file.slice' },
  { is: (bytes, name) => GZIP(bytes) && /\.nii\.gz$/i.test(name), what: 'file.nifti', remedy: 'file.slice' },
  { is: begins(0, 'NRRD'), what: 'file.nrrd', remedy: 'file.slice' },
  { is: text(/^(ObjectType|NDims)\s*=/), what: 'file.metaimage', remedy: 'file.slice' },
  { is: begins(0, '\x93NUMPY'), what: 'file.numpy', remedy: 'file.slice' },
  { is: GZIP, what: 'file.gzip', remedy: 'file.unpack' },
  { is: begins(0, 'PK\x03\x04', 'PK\x05\x06'), what: 'file.zip', remedy: 'file.unpack' },
  { is: begins(0, 'Rar!'), what: 'file.rar', remedy: 'file.unpack' },
  { is: begins(0, '7z\xbc\xaf'), what: 'file.7z', remedy: 'file.unpack' },
  { is: begins(0, '%PDF'), what: 'file.pdf', remedy: 'file.pictureInIt' },
  { is: text(/^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*|<!--.*?-->\s*|<!doctype[^>]*>\s*)*<svg/is), what: 'file.svg', remedy: 'file.asPng' },
  { is: text(/^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)\b/is), what: 'file.html', remedy: 'file.pictureInIt' },
];

/** `length` bytes from `at` on, one character each. */
export function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
