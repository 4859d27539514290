// What the imaging module hands to JavaScript, from web/imaging/src/messages.rs. Do not edit: change the Rust, build the imaging, then
// write this file anew with `npm run write-engine-types --prefix www`. `./scripts/build-web` compares the two.

/**
 * What a file holds, without a word of the patient.
 *erive(Serialize, Tsify)]
 *erde(rename_all = "camelCase")]
 *sify(missing_as_null)]
 * struct StudyInfo {
 * /// DICOM, or PNG, JPEG and WebP.
 * pub kind: Kind,
 * /// Pixels across.
 * pub width: usize,
 * /// Pixels down.
 * pub height: usize,
 * /// Frames; 1 unless it is a multi-frame file.
 * pub frames: usize,
 * /// Bits of a stored value.
 * pub bits: u32,
 * /// Whether pixels have red, green and blue.
 * pub colour: bool,
 * /// Least value of the first frame, in rescaled units.
 * pub minimum: f64,
 * /// Greatest value of the first frame, in rescaled units.
 * pub maximum: f64,
 * /// Windows of the file, its own choice first; the full range where it has none. Never empty.
 * pub windows: Vec<NamedWindow>,
 * /// Whether low values are bright in the file (MONOCHROME1). `render` and `picture` have turned them: `invert` is a wish
 * /// of the viewer alone.
 * pub inverted: bool,
 * /// Size of a pixel; null where the file does not say it.
 * pub spacing: Option<Spacing>,
 * /// Modality, such as "DX"; null for pictures.
 * pub modality: Option<String>,
 * /// Letters for the edges; null where the file does not say them.
 * pub orientation: Option<Orientation>,
 * /// Name of the transfer syntax; null for pictures.
 * pub transfer_syntax: Option<String>,
 * /// What is worth knowing about the pixels, each without capital and full stop.
 * pub notes: Vec<String>,
 *
 *
 * Which kind of file is open.
 *erive(Serialize, Tsify)]
 *erde(rename_all = "camelCase")]
 * enum Kind {
 * /// DICOM.
 * Dicom,
 * /// PNG, JPEG or WebP.
 * Picture,
 *
 *
 * A window with the name that the file gives it.
 *erive(Serialize, Tsify)]
 * struct NamedWindow {
 * /// What the file calls it, or "Window 1", "Table 1", "Full range".
 * pub name: String,
 * /// Value in the middle, in rescaled units.
 * pub centre: f64,
 * /// Values from black to white.
 * pub width: f64,
 *
 *
 * A linear window.
 *erive(Serialize, Tsify)]
 * struct WindowSetting {
 * /// Value in the middle, in rescaled units.
 * pub centre: f64,
 * /// Values from black to white.
 * pub width: f64,
 *
 *
 * Distance of the centres of neighbouring pixels.
 *erive(Serialize, Deserialize, Tsify)]
 * struct Spacing {
 * /// Between rows (downwards), in mm.
 * pub row: f64,
 * /// Between columns (across), in mm.
 * pub column: f64,
 * /// The attribute that says it, and where it holds.
 * pub from: String,
 *
 *
 * Letters for the edges of a picture: R, L, A, P, H and F of the patient, or several.
 *erive(Serialize, Tsify)]
 * struct Orientation {
 * /// At the viewer's left.
 * pub left: String,
 * /// At the viewer's right.
 * pub right: String,
 * /// Above.
 * pub top: String,
 * /// Below.
 * pub bottom: String,
 *
 *
 * A frame through a window.
 *erive(Serialize, Tsify)]
 * struct Rendered {
 * /// Pixels across.
 * pub width: usize,
 * /// Pixels down.
 * pub height: usize,
 * /// Red, green, blue and opacity (255) of every pixel, row by row.
 * #[serde(with = "serde_wasm_bindgen::preserve")]
 * #[tsify(type = "Uint8Array")]
 * pub rgba: Uint8Array,
 *
 *
 * A mask to write.
 */
export interface Segment {
    /**
     * What it shows, for example the sentence that was asked.
     */
    label: string;
    /**
     * 0 outside, anything else inside, row by row, of the frame's size.
     */
    mask: Uint8Array;
    /**
     * Red, green and blue to draw it in, 0 to 255.
     */
    colour: [number, number, number];
    /**
     * Name of the model that drew it; empty for what a person drew.
     */
    algorithm: string;
}
