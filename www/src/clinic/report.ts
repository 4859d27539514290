// One page about a picture and its findings, as an HTML file that needs nothing else.

export interface ReportFinding {
  id: number;
  /** For CSS. */
  colour: string;
  prompt: string;
  /** How the sentence was read. */
  reading: string | undefined;
  size: string;
  shape: string;
  corrected: boolean;
  /** Terms and values beyond these. */
  figures: readonly (readonly [string, string])[];
  checks: readonly { agrees: boolean; about: string; text: string }[];
}

export interface Report {
  language: string;
  title: string;
  /** The picture with outlines, as a data URL. */
  overlay: string;
  picture: string;
  findings: readonly ReportFinding[];
  model: readonly (readonly [string, string])[];
  /** The first one stands at the top. */
  notices: readonly string[];
  words: { findings: string; corrected: string; model: string; agrees: string; differs: string };
}

/** The text of the file. */
export function reportHtml(report: Report): string {
  const { language, title, overlay, picture, findings, model, notices, words } = report;
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Safe(STYLE)}</style>
</head>
<body>
<header><h1>${title}</h1><p>${picture}</p><p class="notice">${notices[0] ?? ''}</p></header>
<main>
<img src="${overlay}" alt="">
<section><h2>${words.findings}</h2>
${findings.map((finding) => findingHtml(finding, words))}
</section>
</main>
<section><h2>${words.model}</h2>${pairs(model)}</section>
<footer>${notices.slice(1).map((notice) => html`<p>${notice}</p>`)}</footer>
</body>
</html>
`.text;
}

function findingHtml(finding: ReportFinding, words: Report['words']): Safe {
  const { id, colour, prompt, reading, size, shape, corrected, figures, checks } = finding;
  return html`<article>
<h3><span class="swatch" style="background:${colour}">${String(id)}</span> <q>${prompt}</q></h3>
${reading ? html`<p>${reading}</p>` : ''}
<p>${size}${shape ? ` · ${shape}` : ''}${corrected ? ` · ${words.corrected}` : ''}</p>
${pairs(figures)}
${checks.map(
  ({ agrees, about, text }) =>
    html`<p class="${agrees ? 'agrees' : 'differs'}">${agrees ? '✓' : '⚠'} <b>${agrees ? words.agrees : words.differs}: ${about}</b> ${text}</p>`,
)}
</article>
`;
}

function pairs(all: readonly (readonly [string, string])[]): Safe {
  return all.length > 0 ? html`<dl>${all.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>` : new Safe('');
}

/** Text that may stand in HTML as it is. */
class Safe {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | Safe | readonly Safe[];

/** HTML with its values escaped. */
function html(parts: TemplateStringsArray, ...values: Value[]): Safe {
  const texts = values.map((value) =>
    typeof value === 'string' ? escaped(value) : value instanceof Safe ? value.text : value.map(({ text }) => text).join(''),
  );
  return new Safe(parts.reduce((whole, part, i) => whole + texts[i - 1] + part));
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const STYLE = `
body{max-width:820px;margin:24px auto;padding:0 16px;color:#14202c;font:14px/1.45 system-ui,sans-serif}
h1{margin:0;font-size:20px}h2{margin:14px 0 6px;color:#51606f;font-size:12px;letter-spacing:.08em;text-transform:uppercase}
h3{margin:8px 0 2px;font-size:15px}p{margin:2px 0}main{display:grid;grid-template-columns:3fr 2fr;gap:20px;align-items:start}
img{width:100%;max-height:135mm;object-fit:contain;background:#0a0e13;border-radius:6px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:1px 14px;margin:4px 0;font-size:13px}dt{color:#51606f}dd{margin:0;overflow-wrap:anywhere}
.swatch{display:inline-block;min-width:20px;padding:0 4px;border-radius:10px;color:#10161c;font-size:12px;text-align:center;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.notice,.differs{color:#8a4b00}.notice{font-weight:600}article{padding-bottom:8px;border-bottom:1px solid #d5dde6}
footer{margin-top:14px;padding-top:8px;border-top:1px solid #d5dde6;color:#51606f;font-size:12px}
@media(max-width:640px){main{grid-template-columns:1fr}}
@page{size:A4;margin:14mm}@media print{body{max-width:none;margin:0;padding:0;font-size:11px}article{break-inside:avoid}}
`;
