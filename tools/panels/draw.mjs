#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// usage: draw.mjs MODULES GRAPHITE_URL FROM UNTIL OUTPUT.png
// Draws the first panels of grafana/dashboards/graphite-host.json for the host `example` from
// FROM until UNTIL (seconds since 1970), with data from Graphite, in a headless Chromium. The
// page is page.jsx. MODULES is the directory with the packages of package.json; the page is
// built there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { interpolate, render } from '../../tests/grafana/ask.mjs';

const [modules, graphite, fromText, untilText, output] = process.argv.slice(2);
if (output === undefined || process.argv.length !== 7) {
  console.error('usage: draw.mjs MODULES GRAPHITE_URL FROM UNTIL OUTPUT.png');
  process.exit(2);
}
const here = dirname(fileURLToPath(import.meta.url));
const [from, until] = [Number(fromText), Number(untilText)];
// Only the panels above this row of the grid are drawn. In Grafana a row is 30 pixels high,
// with 8 pixels between rows.
const rows = 35, width = 1240, cell = 38;

// The values of the dashboard's variables. The interval is short, as averages over a minute
// would leave only one or two points.
const values = { prefix: '', naming: '-', host: 'example', accounting: 'lru', interval: '2s' };

function run(command, ...arguments_) {
  const { status, error, stdout, stderr } = spawnSync(command, arguments_, {
    encoding: 'utf8',
    timeout: 120000,
    env: { ...process.env, NODE_PATH: [join(modules, 'node_modules'), process.env.NODE_PATH ?? ''].join(delimiter) },
  });
  if (status !== 0) {
    console.error(`${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n'));
    throw new Error(`${command}: ${error?.message ?? `exit status ${status}`}`);
  }
  return stderr;
}

const file = join(here, '../../grafana/dashboards/graphite-host.json');
const dashboard = JSON.parse(readFileSync(file, 'utf8'));
const shown = dashboard.panels.filter(({ gridPos }) => gridPos.y + gridPos.h <= rows);
const panels = [];
for (const panel of shown) {
  const series = [];
  for (const { target, refId } of panel.targets ?? [])
    for (const found of await render(graphite, interpolate(target, values), {
      from, until, maxDataPoints: Math.floor(panel.gridPos.w * width / 24),
    }))
      series.push({
        refId,
        target: found.target,
        title: found.target,
        datapoints: found.datapoints.map(([value, time]) => [value, time * 1000]),
      });
  panels.push({ ...panel, title: interpolate(panel.title, values), series });
}

const page = join(modules, 'page');
mkdirSync(page, { recursive: true });
run(join(modules, 'node_modules/.bin/esbuild'), join(here, 'page.jsx'), '--bundle',
  '--jsx=automatic', '--define:process.env.NODE_ENV="production"', '--log-level=error',
  '--loader:.svg=dataurl', '--loader:.ttf=dataurl', `--outfile=${join(page, 'page.js')}`);
const input = { title: dashboard.title, panels, from: from * 1000, until: until * 1000, width, cell };
writeFileSync(join(page, 'input.js'), `window.input = ${JSON.stringify(input)};\n`);
writeFileSync(join(page, 'page.html'), `<!DOCTYPE html>
<meta charset="utf-8"><title>${dashboard.title}</title>
<link rel="stylesheet" href="page.css"><body style="margin: 0"><div id="root"></div>
<script src="input.js"></script><script src="page.js"></script>
`);

// Chromium cannot use its sandbox as root. It loads nothing but this page.
const profile = mkdtempSync(join(modules, 'chromium-'));
try {
  const height = Math.max(...shown.map(({ gridPos }) => gridPos.y + gridPos.h)) * cell;
  const log = run('chromium', '--headless', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--hide-scrollbars', '--enable-logging=stderr', `--user-data-dir=${profile}`,
    ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
    `--window-size=${width + 16},${height + 8}`, '--virtual-time-budget=20000',
    `--screenshot=${output}`, pathToFileURL(join(page, 'page.html')).href);
  const [, result] = /CONSOLE.*"(drawn: .*)", source/.exec(log) ?? [];
  if (result !== `drawn: ${shown.length} panels, 0 errors`)
    throw new Error(`${result ?? 'page not drawn'}\n${log.match(/.*CONSOLE.*/g)?.join('\n')}`);
} finally {
  rmSync(profile, { recursive: true, force: true });
}
