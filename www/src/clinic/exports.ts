// Files that leave the page: masks, the picture with its findings, the record, a report. Nothing is sent anywhere.

import { colourOf, css } from '../draw/palette.ts';
import type { Check } from '../engine/messages.ts';
import { maskPng, type Picture } from '../picture/picture.ts';
import type { Context } from '../session/context.ts';
import { packedOf, pixelsOf, type Finding } from '../session/document.ts';
import { byId, make, makeButton, save } from '../ui/dom.ts';
import { base64Of, readingLine, sentence } from '../ui/format.ts';
import { tell } from '../ui/tell.ts';
import { currentLanguage, inWords, say, type Key } from '../ui/words.ts';
import { CHECK_NAMES, shapeLine, sizeLine } from './figures.ts';
import { measure } from './measure.ts';
import { overlayPicture } from './overlay-picture.ts';
import { exportFinding, stem } from './record.ts';
import { reportHtml, type ReportFinding } from './report.ts';

/** Of the picture in the report: sharp outlines on paper, a small file. */
const REPORT_SIDES = { least: 768, most: 1200 };

/** What the panels know beside the session. */
export interface Known {
  checks(finding: Finding): Promise<readonly Check[]>;
  /** Terms and values, such as Dice. */
  figures(finding: Finding): Promise<[string, string][]>;
}

export function connectExports(context: Context, known: Known): void {
  const { session, notify } = context;
  const root = byId('exports');
  root.className = 'exports';
  const work = (make: (finding: Finding) => Promise<{ blob: Blob; ending: string }>) => async () => {
    const { active, picture } = session;
    if (!active || !picture) return;
    try {
      const { blob, ending } = await make(active);
      save(blob, stem(picture.name) + ending);
    } catch (error) {
      notify(say('notSaved', tell(error)));
    }
  };
  const all = makers(context, known);
  byId('save-mask').addEventListener('click', work(all.mask));
  byId('save-json').addEventListener('click', work(all.json));
  const button = (id: string, make: Parameters<typeof work>[0]) => makeButton({ id, 'data-testid': id }, '', work(make));
  const overlay = button('save-overlay', all.overlay);
  const nifti = button('save-nifti', all.nifti);
  const seg = button('save-seg', all.seg);
  const report = button('save-report', all.report);
  const note = make('p', { class: 'fine', id: 'seg-note', 'data-testid': 'seg-note' });
  seg.setAttribute('aria-describedby', note.id);
  byId('save-mask').after(overlay);
  root.append(nifti, seg, report, note);
  const names: [HTMLElement, Key][] = [
    [byId('save-mask'), 'saveMask'], [byId('save-json'), 'saveJson'], [overlay, 'saveOverlay'], [nifti, 'saveNifti'], [seg, 'saveSeg'], [report, 'saveReport'],
  ];
  const show = () => {
    for (const [element, name] of names) element.textContent = say(name);
    const dicom = session.picture?.study?.info.kind === 'dicom';
    seg.disabled = !dicom;
    note.textContent = say(dicom ? 'segPatient' : 'segNeedsDicom');
  };
  session.watch(({ picture }) => picture, show);
  inWords(show);
}

function makers(context: Context, known: Known) {
  const { session, viewer } = context;
  /** The visible findings, the active one last. */
  const shown = (active: Finding) => [...session.document.findings.filter(({ id, visible }) => visible && id !== active.id), active];
  const size = (finding: Finding) => finding.run.outcome.result;
  return {
    mask: async (active: Finding) => {
      const { width, height } = size(active);
      return { blob: await maskPng(pixelsOf(active), width, height), ending: '-mask.png' };
    },
    overlay: async (active: Finding) => {
      const opacity = viewer.mode === 'fill' ? viewer.opacity : 0;
      return { blob: await overlayPicture(session.picture!, shown(active), opacity, edgesOf(active)), ending: '-overlay.png' };
    },
    json: async (active: Finding) => {
      const text = JSON.stringify(exportFinding(active));
      return { blob: new Blob([text], { type: 'application/json' }), ending: '.json' };
    },
    nifti: async (active: Finding) => {
      const { width, height } = size(active);
      const { spacing } = session.picture!;
      const given = spacing && { row: spacing.y, column: spacing.x, from: 'the picture' };
      const bytes = await context.imaging?.nifti(pixelsOf(active), width, height, given);
      if (!bytes) throw new Error(say('noImaging'));
      return { blob: new Blob([bytes as BlobPart], { type: 'application/gzip' }), ending: '-mask.nii.gz' };
    },
    seg: async (active: Finding) => {
      const { study, frame } = session.picture!;
      const findings = shown(active).sort((a, b) => a.id - b.id);
      const labels = new Map<number, string>();
      for (const finding of findings) labels.set(finding.id, await patientLabel(finding, context));
      const segments = findings.map((finding) => ({
        label: labels.get(finding.id)!,
        mask: pixelsOf(finding),
        colour: [...colourOf(finding.id)] as [number, number, number],
        algorithm: finding.run.model.name + (finding.corrected ? ', corrected by hand' : ''),
      }));
      const bytes = await study!.segmentation(frame ?? 0, segments);
      return { blob: new Blob([bytes as BlobPart], { type: 'application/dicom' }), ending: '-seg.dcm' };
    },
    report: async (active: Finding) => {
      const findings = shown(active).sort((a, b) => a.id - b.id);
      const picture = session.picture!;
      const overlay = await dataUrl(await overlayPicture(picture, shown(active), 0.25, edgesOf(active), REPORT_SIDES));
      const text = await reportOf(picture, active, findings, overlay, known);
      return { blob: new Blob([text], { type: 'text/html' }), ending: '-report.html' };
    },
  };
}

/** What the left and the right edge of the picture are: as the file says, else in the words of the sentence. */
function edgesOf({ run: { picture, words } }: Finding): [string, string] {
  const named = picture.study?.info.orientation;
  if (named) return [named.left, named.right];
  return words === 'viewer' ? [say('left'), say('right')] : [say('right'), say('left')];
}

/** The sentence in the patient's sides, which are those of DICOM; what asks for lungs is called by their name. */
async function patientLabel({ run }: Finding, { engine }: Context): Promise<string> {
  const { prompt, words, model, started } = run;
  // Sides are exchanged on the way from one convention to the other, whichever comes first.
  const other = model.sideConvention === 'viewer' ? 'patient' : 'viewer';
  const exchanged = (text: string) => engine?.call('inConvention', text, other).then((sentence) => sentence.text);
  const inPatient = async (text: string) => (words === 'patient' ? text : ((await exchanged(text)) ?? text));
  if (started.readAs === null) return inPatient(prompt);
  const lungs = /^(both lungs|left lung|right lung) (?:themselves|itself)/.exec(started.readAs)?.[1];
  if (lungs) return inPatient(lungs);
  const label = await inPatient(prompt);
  // A bare "left lung" asks for findings in it.
  return /^((left|right|both) )?lungs?$/i.test(label.trim()) ? `findings, ${label}` : label;
}

async function reportOf(picture: Picture, { run }: Finding, findings: readonly Finding[], overlay: string, known: Known): Promise<string> {
  return reportHtml({
    language: currentLanguage(),
    title: say('reportTitle'),
    overlay,
    picture: say('reportPicture', picture.name, picture.width, picture.height, new Date().toLocaleString(currentLanguage())),
    findings: await Promise.all(findings.map((finding) => findingOf(finding, known))),
    model: [
      [say('modelCard'), `${run.model.name} (${run.model.id})`],
      ['SHA-256', run.model.manifestHash ?? '–'],
      [say('engine'), run.engine],
      [say('words'), say(run.words === 'viewer' ? 'wordsViewer' : 'wordsPatient')],
      [say('decoding'), say('reportDecoding', run.tokens.length, run.outcome.result.passes)],
    ],
    notices: [say('notMedical'), say('reportNoPatient'), ...run.started.notes.map(sentence)],
    words: {
      findings: say('findings'),
      corrected: say('corrected'),
      model: say('modelCard'),
      agrees: say('checkAgrees'),
      differs: say('checkDiffers'),
    },
  });
}

async function findingOf(finding: Finding, known: Known): Promise<ReportFinding> {
  const { id, run, corrected } = finding;
  const measures = measure(packedOf(finding), run.picture.spacing);
  const { readAs } = run.started;
  return {
    id,
    colour: css(colourOf(id)),
    prompt: run.prompt,
    reading: readAs === null ? undefined : readingLine(readAs),
    size: sizeLine(measures, run.picture.spacing),
    shape: shapeLine(measures),
    corrected: corrected !== undefined,
    figures: await known.figures(finding),
    checks: (await known.checks(finding)).map(({ kind, agrees, message }) => ({ agrees, about: say(CHECK_NAMES[kind]), text: sentence(message) })),
  };
}

async function dataUrl(blob: Blob): Promise<string> {
  return `data:${blob.type};base64,${base64Of(new Uint8Array(await blob.arrayBuffer()))}`;
}
