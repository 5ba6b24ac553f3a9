// SPDX-License-Identifier: MIT
// usage: check.mjs REPOSITORY GRAPHITE_URL PROMETHEUS_URL CARBON_PORT
// Runs the queries of all dashboards and alerts of REPOSITORY/grafana against the servers that
// tests/grafana/run feeds, and checks the results.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkAlerts } from './alerts.mjs';
import { graphite, interpolate, prometheus } from './ask.mjs';
import { checkText } from './text.mjs';

const [repository, graphiteUrl, prometheusUrl, carbonPort] = process.argv.slice(2);
const folder = join(repository, 'grafana');
const failures = [];
let queries = 0;
const fail = (text) => failures.push(text);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const dashboards = readdirSync(join(folder, 'dashboards'))
  .filter((f) => f.endsWith('.json'))
  .map((f) => JSON.parse(readFileSync(join(folder, 'dashboards', f), 'utf8')));

// The hosts that send to each server. The collapsed panels have data only for hosts with
// AllSeries: all and stock.
const senders = { graphite: ['all', 'default', 'stock'], prometheus: ['all', 'default'] };
const sources = { graphite: graphite(graphiteUrl), prometheus: prometheus(prometheusUrl) };

// The options of write_graphite that users may choose: Prefix and SeparateInstances.
const choices = {
  graphite: [
    { prefix: 'collectd.', naming: '-' },
    { prefix: 'dc.one.', naming: '.' },
    { prefix: '', naming: '-' },
  ],
  prometheus: [{}],
};

const seconds = (text) => Number.parseInt(text, 10) * { m: 60, h: 3600 }[text.at(-1)];

// The series of a target. Fails if there are none, or if a name is a path instead of a legend.
async function series(source, panel, target, values, where) {
  const text = interpolate(target.target ?? target.expr, { ...values, interval: '1m' });
  const from = panel.timeFrom ? seconds(panel.timeFrom) : 300;
  queries++;
  try {
    const found = await source.query(text, {
      from, instant: target.instant, legend: target.legendFormat,
    });
    if (found.length === 0) fail(`${where}: no value of ${text}`);
    for (const { name } of found)
      if (!/^[A-Za-z0-9_ ]+$/.test(name)) fail(`${where}: a series is called ${name}`);
    // With fewer pixels than points, states and numbers of hosts must still be integers.
    if (source === sources.graphite && (panel.type === 'stat' || panel.fieldConfig.defaults.mappings))
      for (const { values: few } of await source.query(text, { from, maxDataPoints: 20 }))
        if (panel.fieldConfig.defaults.unit === 'none' && few.some(([, v]) => !Number.isInteger(v)))
          fail(`${where}: ${text}: ${few.find(([, v]) => !Number.isInteger(v))[1]}`);
    return found;
  } catch (error) {
    fail(`${where}: ${text}: ${error.message}`);
    return [];
  }
}

// The stack adds up to MemTotal to the byte. Compares only points before the leak begins, as
// afterwards two points of the same time may be of different samples. The last of these points
// is skipped, as it may include a later sample.
function checkStack(all, where) {
  const values = new Map(all.map((s) => [s.name, new Map(s.values)]));
  const line = values.get('mem_total') ?? new Map(), free = values.get('mem_free') ?? new Map();
  values.delete('mem_total');
  const most = Math.max(...free.values());
  const times = [...line.keys()].sort((a, b) => a - b)
    .filter((time) => free.get(time) === most && [...values.values()].every((s) => s.has(time)))
    .slice(0, -1);
  if (times.length === 0) fail(`${where}: no complete point of the stack`);
  for (const time of times) {
    const sum = [...values.values()].reduce((total, s) => total + s.get(time), 0);
    if (Math.abs(sum - line.get(time)) >= 1) {
      fail(`${where}: the stack adds up to ${sum}, MemTotal is ${line.get(time)}`);
      break;
    }
  }
}

// The names in a target of the form {a,b} or "a|b". Each must have a series.
const listed = (target) =>
  (/\$\{naming\}\{([a-z0-9_,]+)\}/.exec(target.target)?.[1] ??
    /type=~"([a-z0-9_|]+)"/.exec(target.expr)?.[1] ?? '').split(/[,|]/).filter((name) => name);

async function checkPanel(source, panel, values, where) {
  const all = [];
  for (const target of panel.targets) {
    const found = await series(source, panel, target, values, `${where}, ${panel.title}`);
    for (const name of listed(target))
      if (!found.some((s) => s.name === name)) fail(`${where}, ${panel.title}: no ${name}`);
    all.push(...found);
  }
  return all;
}

const isFleet = (dashboard) => dashboard.uid.endsWith('-fleet');

async function checkDashboard(dashboard, choice) {
  const [kind] = Object.keys(sources).filter((k) => dashboard.tags.includes(k));
  const source = sources[kind];
  const where = `${dashboard.uid} ${JSON.stringify(choice)}`;
  const hostVariable = dashboard.templating.list.find((v) => v.name === 'host');
  const hosts = await source.variable(hostVariable, choice);
  if (hosts.join() !== senders[kind].join()) fail(`${where}: hosts are ${hosts}`);

  if (isFleet(dashboard)) {
    for (const host of [hostVariable.allValue, source.severalHosts(hosts)]) {
      for (const panel of dashboard.panels) {
        const found = await checkPanel(source, panel, { ...choice, host }, where);
        // Panels with a series for each host show all hosts.
        if (panel.type !== 'stat' && found.map((s) => s.name).sort().join() !== hosts.join())
          fail(`${where}, ${panel.title}: hosts are ${found.map((s) => s.name)}`);
        if (panel.title === 'Reporting hosts' && found[0]?.values.at(-1)[1] !== hosts.length)
          fail(`${where}: ${found[0]?.values.at(-1)[1]} hosts report`);
        if (panel.title === 'Rising' && found[0]?.values.at(-1)[1] !== hosts.length)
          fail(`${where}: ${found[0]?.values.at(-1)[1]} hosts are rising`);
      }
    }
    return;
  }
  const open = dashboard.panels.filter((p) => p.type !== 'row');
  const collapsed = dashboard.panels.flatMap((p) => p.panels ?? []);
  // For stock, only the panels with series of another type or name there.
  const stock = choice.prefix === '' ? []
    : [...open, ...collapsed].filter((p) => /gauge|\.\*\$/.test(JSON.stringify(p.targets)));
  const shown = { default: open, all: collapsed, stock };
  for (const host of hosts)
    for (const panel of shown[host])
      await checkPanel(source, panel, { ...choice, host, accounting: 'lru' }, `${where}, host ${host}`);
  for (const accounting of ['lru', 'cache', 'pss']) {
    const panel = open.find((p) => p.title.startsWith('MemTotal'));
    // Points of one sample each: there are no averages over whole minutes yet.
    const perSample = JSON.parse(JSON.stringify(panel).replaceAll('$interval', '1s'));
    for (const host of hosts.filter((name) => shown[name].includes(panel)))
      checkStack(await checkPanel(source, perSample, { ...choice, host, accounting }, where),
        `${where}, host ${host}, by ${accounting}`);
  }
}

// Waits until the alarms of all hosts have reported the leak and both servers have them.
async function untilReady() {
  const pending = {
    graphite: async () => {
      // Carbon has to create a file for each series before it can be queried; eta is the last.
      const hole = (prefix, naming, name) =>
        `${prefix}*.meminfo_explain${naming}black_hole.${name}`;
      const states = `group(${hole('collectd.', '-', 'count-state')},` +
        'collectd.*.meminfo_explain-trend.count-worst)';
      const etas = choices.graphite.map(({ prefix, naming }) =>
        hole(prefix, naming, `duration${naming}eta`));
      return (await sources.graphite.query(states, { from: 60 }))
        .filter((s) => s.values.at(-1)[1] >= 2).length === 2 * senders.graphite.length &&
        (await sources.graphite.query(`group(${etas})`, { from: 60 })).length ===
          senders.graphite.length * etas.length;
    },
    prometheus: async () => {
      const found = await sources.prometheus.query(
        'collectd_meminfo_explain_count{type=~"state|worst"} >= 2',
        { instant: true, legend: '' });
      return found.length === 2 * senders.prometheus.length;
    },
  };
  for (const [name, ready] of Object.entries(pending)) {
    let tries = 300;
    while (!(await ready().catch(() => false))) {
      if (--tries === 0) throw new Error(`${name}: some alarm is missing after a minute`);
      await sleep(200);
    }
  }
}

checkText(repository, dashboards, fail);
await untilReady();
for (const dashboard of dashboards)
  for (const kind of Object.keys(sources).filter((k) => dashboard.tags.includes(k)))
    for (const choice of choices[kind]) await checkDashboard(dashboard, choice);
queries += await checkAlerts(folder, sources.graphite, Number(carbonPort), fail);

for (const text of failures) console.error(text);
console.log(`${queries} queries, ${failures.length} failures`);
process.exit(failures.length === 0 ? 0 : 1);
