// SPDX-License-Identifier: MIT
// Checks of the dashboards and provisioning files that need no data.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const panelsOf = (dashboard) => dashboard.panels.flatMap((p) => [p, ...(p.panels ?? [])]);

// The units that panels may use. These are IEC units; "decbytes" and "Bps" are not.
const units = ['bytes', 'binBps', 's', 'percent', 'none', undefined];

export function checkText(repository, dashboards, fail) {
  const colours = new Map();
  const uids = new Set(dashboards.map((d) => d.uid));
  if (uids.size !== dashboards.length) fail('two dashboards have the same uid');

  for (const dashboard of dashboards) {
    const ids = panelsOf(dashboard).map((p) => p.id);
    if (new Set(ids).size !== ids.length) fail(`${dashboard.uid}: two panels have the same id`);
    for (const name of ['host', 'interval', ...(dashboard.tags.includes('graphite') ? ['prefix'] : [])])
      if (!dashboard.templating.list.some((v) => v.name === name))
        fail(`${dashboard.uid}: no variable ${name}`);
    if (!dashboard.templating.list.find((v) => v.name === 'host').multi)
      fail(`${dashboard.uid}: only one host can be selected`);

    for (const panel of panelsOf(dashboard).filter((p) => p.type !== 'row')) {
      const where = `${dashboard.uid}, ${panel.title}`;
      const { defaults, overrides } = panel.fieldConfig;
      // noValue is also shown for hosts that stopped reporting, so it must not give a reason.
      if (![undefined, 'no data', 'none', '0', '–'].includes(defaults.noValue))
        fail(`${where}: noValue is "${defaults.noValue}"`);
      if (panel.type === 'heatmap' && !(panel.maxDataPoints <= 60))
        fail(`${where}: sends every point of all hosts to the browser`);
      if (panel.description.length < 40) fail(`${where}: description too short`);
      if (!units.includes(defaults.unit)) fail(`${where}: unit ${defaults.unit}`);
      const queries = panel.targets.map((t) => t.target ?? t.expr).join('\n');
      if (/signed_bytes|bytes_rate/.test(queries) && defaults.min !== undefined)
        fail(`${where}: values below ${defaults.min} are cut off`);
      for (const { matcher, properties } of overrides)
        for (const { id, value } of properties.filter((p) => p.id === 'color')) {
          const known = colours.get(matcher.options) ?? value.fixedColor;
          colours.set(matcher.options, known);
          if (known !== value.fixedColor)
            fail(`${where}: ${matcher.options} is ${value.fixedColor}, elsewhere ${known}`);
        }
      for (const { url } of defaults.links ?? [])
        if (!uids.has(/^\/d\/([a-z-]+)\?/.exec(url)?.[1])) fail(`${where}: links to ${url}`);
    }
    const [link] = dashboard.links;
    if (!dashboards.some((d) => d !== dashboard && link.tags.every((t) => d.tags.includes(t))))
      fail(`${dashboard.uid}: the link leads to no other dashboard`);
  }

  // Provisioning: all references exist.
  const yaml = (path) => parse(readFileSync(join(repository, path), 'utf8'));
  const sources = yaml('grafana/datasources/meminfo_explain.yml').datasources;
  const [provider] = yaml('grafana/dashboards/meminfo_explain.yml').providers;
  if (provider.options.path !== '/etc/grafana/provisioning/dashboards')
    fail(`dashboards are provisioned from ${provider.options.path}`);
  const others = new Map(yaml('examples/meminfo_explain.rules.yml').groups
    .flatMap((group) => group.rules).map((rule) => [rule.alert, rule]));
  const groups = yaml('grafana/alerting/meminfo_explain.yml').groups;
  const all = groups.flatMap((group) => group.rules);
  if (new Set(all.map((r) => r.uid)).size !== all.length) fail('two rules have the same uid');
  // For Prometheus, Absent fires if no host sends anything; in Grafana, Silent does.
  for (const name of others.keys())
    if (name !== 'MeminfoExplainAbsent' && !all.some((r) => r.title === name))
      fail(`${name}: only in examples/meminfo_explain.rules.yml`);
  for (const { rules } of groups) {
    for (const rule of rules) {
      const dashboard = dashboards.find((d) => d.uid === rule.dashboardUid);
      if (!panelsOf(dashboard ?? { panels: [] }).some((p) => p.id === rule.panelId))
        fail(`${rule.title}: no panel ${rule.panelId} on ${rule.dashboardUid}`);
      for (const { datasourceUid: uid, relativeTimeRange: range, model } of rule.data) {
        if (uid !== '__expr__' && !sources.some((s) => s.uid === uid))
          fail(`${rule.title}: no data source ${uid}`);
        // Grafana does not consolidate the points of alert queries.
        if (range?.from > 3600 && !model.target.includes('summarize('))
          fail(`${rule.title}: fetches every point of ${range.from} s`);
      }
      if (!rule.data.some((d) => d.refId === rule.condition))
        fail(`${rule.title}: no query ${rule.condition}`);
      // Grafana replaces $NAME in provisioning files by environment variables.
      for (const text of Object.values(rule.annotations))
        if (text.includes('$')) fail(`${rule.title}: an annotation contains a $`);
      // Both files have the same delay, severity and runbook for an alert, except that the
      // runbook of Silent differs.
      const other = others.get(rule.title);
      if (other === undefined) {
        fail(`${rule.title}: not in examples/meminfo_explain.rules.yml`);
        continue;
      }
      if ((other.for ?? '0s') !== rule.for)
        fail(`${rule.title}: for ${rule.for}, in examples/meminfo_explain.rules.yml ${other.for}`);
      if (other.labels.severity !== rule.labels.severity)
        fail(`${rule.title}: ${rule.labels.severity}, in examples/meminfo_explain.rules.yml ${other.labels.severity}`);
      if (rule.title !== 'MeminfoExplainSilent' && other.annotations.runbook !== rule.annotations.runbook)
        fail(`${rule.title}: the runbook differs from examples/meminfo_explain.rules.yml`);
    }
  }
}
