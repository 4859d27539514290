// Placeholder until the module's own types are there.
export interface WindowSetting { centre: number; width: number }
export interface NamedWindow { name: string; centre: number; width: number }
export interface Spacing { row: number; column: number; from: string }
export interface Orientation { left: string; right: string; top: string; bottom: string }
export interface Rendered { width: number; height: number; rgba: Uint8Array }
export interface Segment { label: string; mask: Uint8Array; colour: [number, number, number]; algorithm: string }
export interface StudyInfo {
  kind: 'dicom' | 'picture'; width: number; height: number; frames: number; bits: number; colour: boolean; minimum: number; maximum: number;
  windows: NamedWindow[]; inverted: boolean; spacing: Spacing | null; modality: string | null; orientation: Orientation | null;
  transferSyntax: string | null; notes: string[];
}
