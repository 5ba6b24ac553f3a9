// SPDX-License-Identifier: MIT
// Evaluates the alert rules on simulated hosts. Their series, a day long, are sent to carbon
// under the plugin's names. The expressions are evaluated here, not by Grafana: this tests the
// rules, not Grafana's engine.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';

const minute = 60, hour = 3600;

// The ages of points in seconds, the newest last: one every ten minutes, and one every minute
// in the last half hour.
const points = (from, until) => {
  const ages = [];
  for (let age = from; age >= until; age -= age > 30 * minute ? 10 * minute : minute) ages.push(age);
  return ages;
};
const always = (value) => points(23 * hour, 0).map((age) => [age, value]);
const between = (from, until, value) => points(from, until).map((age) => [age, value]);

const state = 'black_hole count state';
const other = 'trend count worst';
const eta = 'black_hole duration eta';
const malformed = 'quality count sources_malformed';
const denied = 'quality count sources_denied';
const total = 'total bytes mem_total';
const removed = 'total bytes removed';

// The series of each host, and the alerts that must fire for it. Each is simulated three times:
// with the default names, with SeparateInstances (_s), and with SeparateInstances turned on two
// hours ago (_moved).
const hosts = {
  healthy: [{ [state]: always(0), [malformed]: always(0), [denied]: always(0) }],
  stepped: [{ [state]: [...between(23 * hour, 9 * minute, 0), ...between(8 * minute, 0, 1)] }, 'Step'],
  stepped_earlier: [{ [state]: [...between(hour, 20 * minute, 1), ...between(19 * minute, 0, 0)] }],
  rising: [{ [state]: always(2) }, 'HoleRising'],
  was_rising: [{ [state]: [...between(hour, 20 * minute, 2), ...between(19 * minute, 0, 0)] }],
  failing: [{ [state]: always(3) }, 'HoleRising', 'HoleFailing'],
  slab_rising: [{ [state]: always(0), [other]: always(2) }, 'OtherRising'],
  slab_failing: [{ [state]: always(0), [other]: always(3) }, 'OtherRising', 'OtherFailing'],
  slab_stepped: [{ [state]: always(0), [other]: always(1) }],
  hole_and_slab_rising: [{ [state]: always(2), [other]: always(2) }, 'HoleRising'],
  hole_and_slab_failing: [{ [state]: always(3), [other]: always(3) }, 'HoleRising', 'HoleFailing'],
  hole_rising_slab_failing: [{ [state]: always(2), [other]: always(3) }, 'HoleRising', 'OtherFailing'],
  little_time_left: [{ [eta]: between(hour, 0, 3600) }, 'UsesUpMemory'],
  days_left: [{ [eta]: between(hour, 0, 200000) }],
  little_time_left_briefly: [{ [eta]: between(25 * minute, 0, 3600) }],
  little_time_left_with_gap: [{ [eta]: [...between(hour, 15 * minute, 3600), ...between(14 * minute, 12 * minute, 200000),
    ...between(11 * minute, 0, 3600)] }],
  had_little_time_left: [{ [eta]: between(hour, 20 * minute, 3600) }],
  malformed_after_update: [{ [malformed]: [...between(23 * hour, hour, 0), ...between(50 * minute, 0, 1)] }, 'SourceMalformed'],
  malformed_briefly: [{ [malformed]: [...between(23 * hour, 13 * minute, 0), ...between(12 * minute, 0, 1)] }],
  malformed_earlier: [{ [malformed]: [...between(23 * hour, hour, 1), ...between(50 * minute, 0, 0)] }],
  denied_after_update: [{ [denied]: [...between(23 * hour, hour, 2), ...between(50 * minute, 0, 5)] }, 'SourceDenied'],
  denied_briefly: [{ [denied]: [...between(23 * hour, 13 * minute, 2), ...between(12 * minute, 0, 5)] }],
  always_denied: [{ [denied]: always(5) }],
  denied_earlier: [{ [denied]: [...between(23 * hour, hour, 5), ...between(50 * minute, 0, 2)] }],
  silent: [{ [total]: between(23 * hour, 20 * minute, 1e9) }, 'Silent'],
  silent_briefly: [{ [total]: between(23 * hour, 12 * minute, 1e9) }],
  late: [{ [total]: between(23 * hour, 7 * minute, 1e9) }],
  balloon: [{ [total]: [...between(23 * hour, 25 * minute, 8e9), ...between(24 * minute, 0, 7e9)],
    [removed]: [...between(23 * hour, 25 * minute, 0), ...between(24 * minute, 0, 1e9)] }, 'MemoryRemoved'],
  balloon_briefly: [{ [total]: [...between(23 * hour, 6 * minute, 8e9), ...between(5 * minute, 0, 7e9)],
    [removed]: [...between(23 * hour, 6 * minute, 0), ...between(5 * minute, 0, 1e9)] }],
  small_balloon: [{ [total]: always(7.9e9), [removed]: always(1e8) }],
  gone: [{ [total]: between(30 * hour, 25 * hour, 1e9) }],
};

const lines = (now) => Object.entries(hosts).flatMap(([host, [series]]) =>
  Object.entries(series).flatMap(([id, values]) => {
    const [view, type, name] = id.split(' ');
    const common = (sender, value, age) =>
      `alerts.${sender}.meminfo_explain-${view}.${type}-${name} ${value} ${now - age}\n`;
    const separate = (sender, value, age) =>
      `alerts.${sender}.meminfo_explain.${view}.${type}.${name} ${value} ${now - age}\n`;
    return values.flatMap(([age, value]) => [
      (age > 2 * hour ? common : separate)(`${host}_moved`, value, age),
      common(host, value, age),
      separate(`${host}_s`, value, age),
    ]);
  }));

const reducers = {
  last: (values) => values.at(-1),
  min: (values) => Math.min(...values),
};
const evaluators = {
  gt: (value, [bound]) => value > bound,
  lt: (value, [bound]) => value < bound,
  within_range: (value, [low, high]) => value > low && value < high,
};

// Evaluates a math expression; valueOf(ref) is the value of $REF.
function math(expression, valueOf) {
  if (!/^[-+*/<() .\d$A-Z]+$/.test(expression)) throw new Error(`unsupported: ${expression}`);
  return Function(`return ${expression.replace(/\$([A-Z])/g, (_, ref) => `(${valueOf(ref)})`)}`)();
}

// The value of refId for each host, `ago` seconds ago; for a query, a list of its values.
async function evaluate(rule, refId, graphite, prefix, ago = 0) {
  const { model, relativeTimeRange: range } = rule.data.find((d) => d.refId === refId);
  if (model.target !== undefined) {
    const found = await graphite.query(model.target.replaceAll('collectd.', prefix),
      { from: range.from + ago, until: range.to + ago, maxDataPoints: 43200 });
    // If two series have the same labels, Grafana does not evaluate the rule for any host.
    const twice = found.find((s, i) => found.findIndex((t) => t.labels.name === s.labels.name) < i);
    if (twice) throw new Error(`${rule.title}: two series are called ${twice.labels.name}`);
    return new Map(found.map((s) => [s.labels.name, s.values.map(([, value]) => value)]));
  }
  const valuesOf = async (ref) => evaluate(rule, ref, graphite, prefix, ago);
  const map = (values, f) => new Map([...values].map(([host, value]) => [host, f(value, host)]));
  switch (model.type) {
    case 'reduce':
      return map(await valuesOf(model.expression), reducers[model.reducer]);
    case 'threshold': {
      const [{ evaluator }] = model.conditions;
      return map(await valuesOf(model.expression),
        (v) => evaluators[evaluator.type](v, evaluator.params));
    }
    case 'math': {
      const refs = [...new Set([...model.expression.matchAll(/\$([A-Z])/g)].map(([, ref]) => ref))];
      const values = new Map();
      for (const ref of refs) values.set(ref, await valuesOf(ref));
      // Like Grafana, only for hosts that have a value of every reference.
      return map(new Map([...values.get(refs[0])].filter(([host]) =>
        refs.every((ref) => values.get(ref).has(host)))),
      (_, host) => math(model.expression, (ref) => values.get(ref).get(host)));
    }
    default:
      throw new Error(`${rule.title}: ${refId} has an unsupported type`);
  }
}

const seconds = (text) => Number.parseInt(text, 10) * { s: 1, m: 60, h: 3600 }[text.at(-1)];

// The hosts for which a rule fires: its condition was true at every evaluation for the time
// that `for` requires.
async function firing(rule, interval, graphite, prefix) {
  let hosts;
  for (let ago = 0; ago <= seconds(rule.for); ago += seconds(interval)) {
    const result = await evaluate(rule, rule.condition, graphite, prefix, ago);
    hosts = (hosts ?? [...result.keys()]).filter((host) => result.get(host));
  }
  return hosts.sort();
}

export async function checkAlerts(folder, graphite, carbonPort, fail) {
  const now = Math.floor(Date.now() / 1000);
  await new Promise((resolve, reject) => {
    const socket = connect(carbonPort, '127.0.0.1');
    socket.on('error', reject).on('close', resolve);
    socket.end(lines(now).join(''));
    socket.resume();
  });
  // carbon has read all lines when it has the last one.
  const last = lines(now).at(-1).split(' ')[0];
  for (let tries = 200; ; tries--) {
    if ((await graphite.query(last, { from: 2 * 86400 })).some((s) => s.values.length >= 25)) break;
    if (tries === 0) throw new Error('carbon has not stored the simulated hosts');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { groups } = parse(readFileSync(join(folder, 'alerting/meminfo_explain.yml'), 'utf8'));
  let queries = 0;
  for (const [rule, interval] of groups.flatMap((group) => group.rules.map((r) => [r, group.interval]))) {
    const expected = Object.entries(hosts)
      .filter(([, [, ...alerts]]) => alerts.some((alert) => rule.title.endsWith(alert)))
      .flatMap(([host]) => [host, `${host}_s`, `${host}_moved`]).sort().join();
    if (expected === '') fail(`${rule.title}: no simulated host raises it`);
    const actual = (await firing(rule, interval, graphite, 'alerts.')).join();
    if (actual !== expected) fail(`${rule.title}: fires for ${actual}, expected ${expected}`);
    // If no host sends anything, there is no data, and noDataState decides.
    const noHosts = await evaluate(rule, rule.condition, graphite, 'no_hosts.');
    if (noHosts.size !== 0) fail(`${rule.title}: has data although no host sends any`);
    if ((rule.noDataState === 'Alerting') !== rule.title.endsWith('Silent'))
      fail(`${rule.title}: noDataState is ${rule.noDataState}`);
    queries += 2 + seconds(rule.for) / seconds(interval);
  }
  return queries;
}
