// What a file really is, from its first bytes, before anything decodes it.

export interface Sniffed {
  type: 'PNG' | 'JPEG' | 'WebP';
  mime: string;
}

/** The picture format of `bytes`; throws an Error for the user otherwise. */
export function sniff(bytes: Uint8Array, name: string): Sniffed {
  if (bytes.length === 0) throw new Error(`${name} is empty (0 bytes): choose another file.`);
  const starts = (at: number, ...values: number[]) => values.every((value, i) => bytes[at + i] === value);
  if (starts(0, 0x89, 0x50, 0x4e, 0x47)) return { type: 'PNG', mime: 'image/png' };
  if (starts(0, 0xff, 0xd8, 0xff)) return { type: 'JPEG', mime: 'image/jpeg' };
  if (starts(0, 0x52, 0x49, 0x46, 0x46) && starts(8, 0x57, 0x45, 0x42, 0x50)) {
    return { type: 'WebP', mime: 'image/webp' };
  }
  const dicom = starts(128, 0x44, 0x49, 0x43, 0x4d);
  const remedy = dicom ? 'It is a DICOM file: export it as PNG first.' : 'Convert it to one of these.';
  throw new Error(`${name} is not a PNG, JPEG or WebP picture. ${remedy}`);
}

/** Width and height that a PNG's header claims, or undefined for other formats and broken headers. */
export function pngSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  if (bytes.length < 24 || bytes[0] !== 0x89) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}
