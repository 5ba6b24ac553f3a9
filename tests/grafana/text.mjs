// SPDX-License-Identifier: MIT
// What can be said of the files without asking anybody.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const panelsOf = (dashboard) => dashboard.panels.flatMap((p) => [p, ...(p.panels ?? [])]);

// Grafana's units: these are IEC, "decbytes" and "Bps" are not.
const units = ['bytes', 'binBps', 's', 'percent', 'none', undefined];

export function checkText(repository, dashboards, fault) {
  const colours = new Map();
  const uids = new Set(dashboards.map((d) => d.uid));
  if (uids.size !== dashboards.length) fault('two dashboards have one uid');

  for (const dashboard of dashboards) {
    const ids = panelsOf(dashboard).map((p) => p.id);
    if (new Set(ids).size !== ids.length) fault(`${dashboard.uid}: two panels have one id`);
    for (const name of ['host', 'interval', ...(dashboard.tags.includes('graphite') ? ['prefix'] : [])])
      if (!dashboard.templating.list.some((v) => v.name === name))
        fault(`${dashboard.uid}: no variable ${name}`);
    if (!dashboard.templating.list.find((v) => v.name === 'host').multi)
      fault(`${dashboard.uid}: one host only`);

    for (const panel of panelsOf(dashboard).filter((p) => p.type !== 'row')) {
      const where = `${dashboard.uid}, ${panel.title}`;
      const { defaults, overrides } = panel.fieldConfig;
      // A host that is silent has no value, either: why there is none is for the description.
      if (![undefined, 'no data', 'none', '0', '–'].includes(defaults.noValue))
        fault(`${where}: says "${defaults.noValue}" of who is silent`);
      if (panel.type === 'heatmap' && !(panel.maxDataPoints <= 60))
        fault(`${where}: brings every point of all hosts to the browser`);
      if (panel.description.length < 40) fault(`${where}: says nothing`);
      if (!units.includes(defaults.unit)) fault(`${where}: unit ${defaults.unit}`);
      const asks = panel.targets.map((t) => t.target ?? t.expr).join('\n');
      if (/signed_bytes|bytes_rate/.test(asks) && defaults.min !== undefined)
        fault(`${where}: what falls below ${defaults.min} is cut off`);
      for (const { matcher, properties } of overrides)
        for (const { id, value } of properties.filter((p) => p.id === 'color')) {
          const known = colours.get(matcher.options) ?? value.fixedColor;
          colours.set(matcher.options, known);
          if (known !== value.fixedColor)
            fault(`${where}: ${matcher.options} is ${value.fixedColor}, elsewhere ${known}`);
        }
      for (const { url } of defaults.links ?? [])
        if (!uids.has(/^\/d\/([a-z-]+)\?/.exec(url)?.[1])) fault(`${where}: links to ${url}`);
    }
    const [link] = dashboard.links;
    if (!dashboards.some((d) => d !== dashboard && link.tags.every((t) => d.tags.includes(t))))
      fault(`${dashboard.uid}: links to no other dashboard`);
  }

  // Provisioning: what refers to something finds it.
  const yaml = (path) => parse(readFileSync(join(repository, path), 'utf8'));
  const sources = yaml('grafana/datasources/meminfo_explain.yml').datasources;
  const [provider] = yaml('grafana/dashboards/meminfo_explain.yml').providers;
  if (provider.options.path !== '/etc/grafana/provisioning/dashboards')
    fault('dashboards are looked for elsewhere');
  const others = new Map(yaml('examples/meminfo_explain.rules.yml').groups
    .flatMap((group) => group.rules).map((rule) => [rule.alert, rule]));
  const groups = yaml('grafana/alerting/meminfo_explain.yml').groups;
  const all = groups.flatMap((group) => group.rules);
  if (new Set(all.map((r) => r.uid)).size !== all.length) fault('two rules have one uid');
  // That nobody sends is Absent there, and here what Silent is without data.
  for (const name of others.keys())
    if (name !== 'MeminfoExplainAbsent' && !all.some((r) => r.title === name))
      fault(`${name}: only in examples/meminfo_explain.rules.yml`);
  for (const { rules } of groups) {
    for (const rule of rules) {
      const dashboard = dashboards.find((d) => d.uid === rule.dashboardUid);
      if (!panelsOf(dashboard ?? { panels: [] }).some((p) => p.id === rule.panelId))
        fault(`${rule.title}: no panel ${rule.panelId} on ${rule.dashboardUid}`);
      for (const { datasourceUid: uid, relativeTimeRange: range, model } of rule.data) {
        if (uid !== '__expr__' && !sources.some((s) => s.uid === uid))
          fault(`${rule.title}: no data source ${uid}`);
        // Grafana has an alert's points not consolidated: all there are, of all hosts.
        if (range?.from > 3600 && !model.target.includes('summarize('))
          fault(`${rule.title}: takes every point of ${range.from} s`);
      }
      if (!rule.data.some((d) => d.refId === rule.condition))
        fault(`${rule.title}: no ${rule.condition}`);
      // Grafana replaces them by its environment.
      for (const text of Object.values(rule.annotations))
        if (text.includes('$')) fault(`${rule.title}: an annotation has a $`);
      // The same alert waits as long, is as severe, and has the same advice; whom to ask about
      // silence differs.
      const other = others.get(rule.title);
      if (other === undefined) {
        fault(`${rule.title}: not in examples/meminfo_explain.rules.yml`);
        continue;
      }
      if ((other.for ?? '0s') !== rule.for)
        fault(`${rule.title}: for ${rule.for}, in examples/meminfo_explain.rules.yml ${other.for}`);
      if (other.labels.severity !== rule.labels.severity)
        fault(`${rule.title}: ${rule.labels.severity}, in examples/meminfo_explain.rules.yml ${other.labels.severity}`);
      if (rule.title !== 'MeminfoExplainSilent' && other.annotations.runbook !== rule.annotations.runbook)
        fault(`${rule.title}: another runbook than in examples/meminfo_explain.rules.yml`);
    }
  }
}
