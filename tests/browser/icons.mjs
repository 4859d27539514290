// Makes the icons of the web app manifest from www/public/icon.svg: the maskable one (full bleed, the drawing within the
// safe circle) and the PNG files of both.
//
//   node icons.mjs

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const PUBLIC = join(resolve(dirname(fileURLToPath(import.meta.url)), '../..'), 'www/public');
const icon = readFileSync(join(PUBLIC, 'icon.svg'), 'utf8');
const [, side] = icon.match(/viewBox="0 0 (\d+)/).map(Number);
// The safe circle has 80 % of the side; a rounded square of 82 % has its corners cut a little, its drawing not.
const inside = icon.replace(/<svg[^>]*>|<\/svg>/g, '').trim();
const colour = icon.match(/fill="(#\w+)"/)[1];
const maskable = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}">
  <rect width="${side}" height="${side}" fill="${colour}"/>
  <g transform="translate(${side * 0.09} ${side * 0.09}) scale(.82)">
  ${inside}
  </g>
</svg>
`;
writeFileSync(join(PUBLIC, 'icons/maskable.svg'), maskable);

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage();
for (const [name, svg] of [['icon', icon], ['maskable', maskable]]) {
  for (const size of [192, 512]) {
    await page.setViewportSize({ width: size, height: size });
    const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
    await page.setContent(`<body style="margin:0"><img src="${source}" width="${size}" height="${size}" style="display:block">`);
    await page.screenshot({ path: join(PUBLIC, `icons/${name}-${size}.png`), omitBackground: true });
  }
}
await browser.close();
