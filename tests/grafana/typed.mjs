// SPDX-License-Identifier: MIT
// usage: typed.mjs GRAFANA_DIR > typed.ts
// Writes the dashboards and alerts as typed TypeScript constants, and damaged copies in which
// the compiler must report an error.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const dir = process.argv[2];
let count = 0;
const declare = (type, value) =>
  console.log(`export const v${count++}: ${type} = ${JSON.stringify(value)};`);
const expectError = (type, value) => {
  console.log('// @ts-expect-error');
  declare(type, value);
};
const copy = (value) => JSON.parse(JSON.stringify(value));

console.log("import type { AlertFile, GraphiteDashboard, PrometheusDashboard } from './types.ts';");
for (const file of readdirSync(join(dir, 'dashboards')).filter((f) => f.endsWith('.json'))) {
  const type = file.startsWith('graphite') ? 'GraphiteDashboard' : 'PrometheusDashboard';
  const dashboard = JSON.parse(readFileSync(join(dir, 'dashboards', file), 'utf8'));
  declare(type, dashboard);
  const small = { ...dashboard, panels: [dashboard.panels.find((p) => p.type === 'timeseries')] };
  for (const damage of [
    (p) => { p.options.legend.displayMode = 'tabel'; },
    (p) => { p.fieldConfig.defaults.custom.lineWith = 1; },
    (p) => { p.fieldConfig.defaults.custom.stacking.mode = 'on'; },
    (p) => {
      p.fieldConfig.overrides.push({
        matcher: { id: 'byName', options: 'x' },
        properties: [{ id: 'custom.fillOpacity', value: '1' }],
      });
    },
    (p) => { p.gridPos.w = '12'; },
    (p) => { p.targets[0].refid = 'A'; },
    (p) => { p.type = 'graph'; },
    (p) => { delete p.description; },
  ]) {
    const broken = copy(small);
    damage(broken.panels[0]);
    expectError(type, broken);
  }
  const broken = copy(small);
  broken.templating.list[0].type = 'textfield';
  expectError(type, broken);
}

const alerts = parse(readFileSync(join(dir, 'alerting/meminfo_explain.yml'), 'utf8'));
declare('AlertFile', alerts);
for (const damage of [
  (rule) => { rule.noDataState = 'Ok'; },
  (rule) => { rule.panelID = rule.panelId; },
  (rule) => { rule.data[1].model.reducer = 'latest'; },
  (rule) => { rule.data[2].model.conditions[0].evaluator.type = '>'; },
  (rule) => { delete rule.annotations.runbook; },
]) {
  const broken = copy(alerts);
  damage(broken.groups[0].rules[0]);
  expectError('AlertFile', broken);
}
