// What a file is that is no picture for this page, and what to do about it. [English, German]

/** Texts of the page in which it tells why it does not open a file: "{0} is {1}: {2}". */
export const FILE_WORDS = {
  'file.is': ['{0} is {1}: {2}.', '{0} ist {1}: {2}.'],
  'file.empty': ['empty (0 bytes)', 'leer (0 Bytes)'],
  'file.folder': ['a folder, or a file that cannot be read', 'ein Ordner oder eine Datei, die nicht gelesen werden kann'],
  'file.unknown': ['not a PNG, JPEG or WebP picture and no DICOM file', 'weder ein Bild als PNG, JPEG oder WebP noch eine DICOM-Datei'],
  'file.large': ['too large, with {0} x {1} pixels of at most {2} million', 'zu groß, mit {0} x {1} Bildpunkten von höchstens {2} Millionen'],
  'file.damaged': ['damaged, or a {0} file of a kind that browsers do not decode', 'beschädigt oder eine {0}-Datei, die Browser nicht dekodieren'],
  'file.cut': ['a JPEG without its end', 'ein JPEG ohne sein Ende'],
  'file.heic': ['a HEIC picture', 'ein HEIC-Bild'],
  'file.avif': ['an AVIF picture', 'ein AVIF-Bild'],
  'file.video': ['a video', 'ein Video'],
  'file.tiff': ['a TIFF picture', 'ein TIFF-Bild'],
  'file.gif': ['a GIF picture', 'ein GIF-Bild'],
  'file.bmp': ['a BMP picture', 'ein BMP-Bild'],
  'file.icon': ['an icon', 'ein Symbol (ICO)'],
  'file.psd': ['a Photoshop document', 'ein Photoshop-Dokument'],
  'file.jpeg2000': ['a JPEG 2000 picture', 'ein JPEG-2000-Bild'],
  'file.jxl': ['a JPEG XL picture', 'ein JPEG-XL-Bild'],
  'file.svg': ['an SVG drawing', 'eine SVG-Zeichnung'],
  'file.nifti': ['a NIfTI volume', 'ein NIfTI-Volumen'],
  'file.nrrd': ['an NRRD volume', 'ein NRRD-Volumen'],
  'file.metaimage': ['a MetaImage volume', 'ein MetaImage-Volumen'],
  'file.numpy': ['a NumPy array', 'ein NumPy-Array'],
  'file.gzip': ['a gzip archive', 'ein gzip-Archiv'],
  'file.zip': ['a ZIP archive', 'ein ZIP-Archiv'],
  'file.rar': ['an RAR archive', 'ein RAR-Archiv'],
  'file.7z': ['a 7z archive', 'ein 7z-Archiv'],
  'file.pdf': ['a PDF document', 'ein PDF-Dokument'],
  'file.html': ['a web page', 'eine Webseite'],
  'file.jpegBits': ['a JPEG of {0} bits, which browsers do not decode', 'ein JPEG mit {0} Bits, das Browser nicht dekodieren'],
  'file.jpegLossless': ['a lossless JPEG, which browsers do not decode', 'ein verlustfreies JPEG, das Browser nicht dekodieren'],
  'file.jpegArithmetic': ['a JPEG with arithmetic coding, which browsers do not decode', 'ein arithmetisch kodiertes JPEG, das Browser nicht dekodieren'],
  'file.jpegLs': ['a JPEG-LS picture, which browsers do not decode', 'ein JPEG-LS-Bild, das Browser nicht dekodieren'],
  'file.choose': ['choose another file', 'eine andere Datei wählen'],
  'file.again': ['copy or download it again', 'erneut kopieren oder herunterladen'],
  'file.convert': ['convert it to one of these', 'in eines davon umwandeln'],
  'file.shrink': ['shrink it first', 'zuerst verkleinern'],
  'file.asPng': ['save it as PNG first', 'zuerst als PNG speichern'],
  'file.asPngOrDicom': ['save it as PNG (8 or 16 bits), or open the DICOM file that it is from', 'als PNG (8 oder 16 Bit) speichern oder die DICOM-Datei öffnen, aus der es stammt'],
  'file.frame': ['save one of its frames as PNG', 'eines seiner Einzelbilder als PNG speichern'],
  'file.slice': ['save one slice of it as PNG', 'eine Schicht daraus als PNG speichern'],
  'file.unpack': ['unpack it and open a picture of it', 'entpacken und ein Bild daraus öffnen'],
  'file.pictureInIt': ['save the picture in it as PNG', 'das Bild darin als PNG speichern'],
  'file.dropAgain': ['drop the picture in it, or open it again', 'das Bild darin ablegen oder erneut öffnen'],
} as const;

export type FileKey = keyof typeof FILE_WORDS;

/** A text of the page, and what stands in its places. */
export type FileText = FileKey | readonly [FileKey, ...(string | number)[]];

/** A file that is not opened. Its message is in English; the page says `what` and `remedy` in its own language. */
export class FileRefusal extends Error {
  readonly file: string;
  readonly what: FileText;
  readonly remedy: FileText;

  constructor(file: string, what: FileText, remedy: FileText) {
    super(refusalText({ file, what, remedy }, (key, ...values) => fill(FILE_WORDS[key][0], values)));
    this.file = file;
    this.what = what;
    this.remedy = remedy;
  }
}

/** The sentence of a refusal, by `say`, which gives the text of a key. */
export function refusalText(
  { file, what, remedy }: Pick<FileRefusal, 'file' | 'what' | 'remedy'>,
  say: (key: FileKey, ...values: (string | number)[]) => string,
): string {
  const text = (given: FileText) => (typeof given === 'string' ? say(given) : say(...given));
  return say('file.is', file, text(what), text(remedy));
}

/** `text` with `values` in the places of {0}, {1}, … */
export function fill(text: string, values: readonly (string | number)[]): string {
  return text.replace(/\{(\d)\}/g, (_, index) => String(values[Number(index)] ?? ''));
}
