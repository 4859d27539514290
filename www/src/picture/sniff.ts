// What a file really is, from its first bytes, before anything decodes it.

export interface Sniffed {
  type: 'PNG' | 'JPEG' | 'WebP' | 'DICOM';
  mime: string;
  /** Whether it takes the imaging module: browsers decode no DICOM, and 16 bits only to 8. */
  needsModule: boolean;
}

/** The picture format of `bytes`; throws an Error for the user otherwise. */
export function sniff(bytes: Uint8Array, name: string): Sniffed {
  if (bytes.length === 0) throw new Error(`${name} is empty (0 bytes): choose another file.`);
  const starts = (at: number, ...values: number[]) => values.every((value, i) => bytes[at + i] === value);
  if (starts(0, 0x89, 0x50, 0x4e, 0x47)) return { type: 'PNG', mime: 'image/png', needsModule: bytes[24] === 16 };
  if (starts(0, 0xff, 0xd8, 0xff)) {
    refuseJpeg(bytes, name);
    return { type: 'JPEG', mime: 'image/jpeg', needsModule: false };
  }
  if (starts(0, 0x52, 0x49, 0x46, 0x46) && starts(8, 0x57, 0x45, 0x42, 0x50)) {
    return { type: 'WebP', mime: 'image/webp', needsModule: false };
  }
  if (isDicom(bytes)) return { type: 'DICOM', mime: 'application/dicom', needsModule: true };
  const foreign = FOREIGN.find(({ is }) => is(bytes, name));
  if (foreign) throw new Error(`${name} is ${foreign.what}. ${foreign.remedy}`);
  throw new Error(`${name} is not a PNG, JPEG or WebP picture and no DICOM file. Convert it to one of these.`);
}

/** Width and height that a PNG's header claims, or undefined for other formats and broken headers. */
export function pngSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  if (bytes.length < 24 || bytes[0] !== 0x89) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
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

/** Kinds of JPEG that browsers do not decode, told by the marker of the frame. */
function refuseJpeg(bytes: Uint8Array, name: string): void {
  const frame = jpegFrame(bytes);
  if (!frame) return;
  const { marker, bits } = frame;
  const kind = JPEG_KINDS[marker] ?? (bits > 8 ? `a JPEG of ${bits} bits` : undefined);
  if (kind) throw new Error(`${name} is ${kind}, which browsers do not decode. Save it as PNG (8 or 16 bits), or open the DICOM file that it is from.`);
}

const JPEG_KINDS: Record<number, string> = {
  0xc3: 'a lossless JPEG',
  0xc9: 'a JPEG with arithmetic coding',
  0xca: 'a JPEG with arithmetic coding',
  0xcb: 'a lossless JPEG',
  0xf7: 'a JPEG-LS picture',
};

/** The marker that begins the frame (SOF), and the bits of a sample that it states. */
function jpegFrame(bytes: Uint8Array): { marker: number; bits: number } | undefined {
  let at = 2;
  while (at + 4 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker === 0xda || marker === 0xd9) return undefined;
    else if (marker === 0xf7 || (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))) {
      return { marker, bits: bytes[at + 4]! };
    } else at += 2 + (bytes[at + 2]! << 8) + bytes[at + 3]!;
  }
  return undefined;
}

interface Foreign {
  is(bytes: Uint8Array, name: string): boolean;
  what: string;
  remedy: string;
}

const AS_PNG = 'Save it as PNG first.';
const begins = (at: number, ...texts: string[]) => (bytes: Uint8Array) => texts.some((text) => textAt(bytes, at, text.length) === text);

const FOREIGN: readonly Foreign[] = [
  { is: (bytes) => begins(4, 'ftyphei', 'ftyphev', 'ftypmif1', 'ftypmsf1')(bytes), what: 'a HEIC picture', remedy: AS_PNG },
  { is: begins(4, 'ftypavif', 'ftypavis'), what: 'an AVIF picture', remedy: AS_PNG },
  { is: begins(4, 'ftyp'), what: 'a video', remedy: 'Save one of its frames as PNG.' },
  { is: begins(0, 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'), what: 'a TIFF picture', remedy: AS_PNG },
  { is: begins(0, 'GIF8'), what: 'a GIF picture', remedy: AS_PNG },
  { is: begins(0, 'BM'), what: 'a BMP picture', remedy: AS_PNG },
  { is: (bytes) => begins(4, 'jP  ')(bytes) || begins(0, '\xff\x4f\xff\x51')(bytes), what: 'a JPEG 2000 picture', remedy: AS_PNG },
  { is: (bytes) => begins(4, 'JXL ')(bytes) || begins(0, '\xff\x0a')(bytes), what: 'a JPEG XL picture', remedy: AS_PNG },
  { is: (bytes) => begins(344, 'n+1', 'ni1')(bytes) || begins(4, 'n+2', 'ni2')(bytes), what: 'a NIfTI volume', remedy: 'Save one slice of it as PNG.' },
  { is: (bytes, name) => begins(0, '\x1f\x8b')(bytes) && /\.nii\.gz$/i.test(name), what: 'a NIfTI volume', remedy: 'Save one slice of it as PNG.' },
  { is: begins(0, '\x1f\x8b'), what: 'a gzip archive', remedy: 'Unpack it and open a picture of it.' },
  { is: begins(0, 'PK\x03\x04', 'PK\x05\x06'), what: 'a ZIP archive', remedy: 'Unpack it and open a picture of it.' },
  { is: begins(0, '%PDF'), what: 'a PDF document', remedy: 'Save the picture in it as PNG.' },
  { is: (bytes) => /^\uFEFF?\s*(<\?xml[^>]*>\s*|<!--.*?-->\s*|<!doctype[^>]*>\s*)*<svg/is.test(textAt(bytes, 0, 1000)), what: 'an SVG drawing', remedy: AS_PNG },
];

/** `length` bytes from `at` on, one character each. */
function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
