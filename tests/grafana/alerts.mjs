// SPDX-License-Identifier: MIT
// The alert rules on hosts that are made up: lines to carbon with the names that the plugin
// has, of a day, since no daemon can be waited for that long. The evaluation of expressions is
// ours; it shows what a rule means, not that Grafana's engine agrees.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';

const minute = 60, hour = 3600;

// Points in seconds before now, the newest last: each ten minutes, and each minute of late.
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

// Each host: its series, and the alerts it must raise. There are three of each: by the
// default names, with SeparateInstances, and one that got the latter two hours ago.
const hosts = {
  well: [{ [state]: always(0), [malformed]: always(0), [denied]: always(0) }],
  stepped: [{ [state]: [...between(23 * hour, 9 * minute, 0), ...between(8 * minute, 0, 1)] }, 'Step'],
  stepped_once: [{ [state]: [...between(hour, 20 * minute, 1), ...between(19 * minute, 0, 0)] }],
  rises: [{ [state]: always(2) }, 'HoleRising'],
  rose: [{ [state]: [...between(hour, 20 * minute, 2), ...between(19 * minute, 0, 0)] }],
  fails: [{ [state]: always(3) }, 'HoleRising', 'HoleFailing'],
  slab_rises: [{ [state]: always(0), [other]: always(2) }, 'OtherRising'],
  slab_fails: [{ [state]: always(0), [other]: always(3) }, 'OtherRising', 'OtherFailing'],
  slab_steps: [{ [state]: always(0), [other]: always(1) }],
  rises_with_it: [{ [state]: always(2), [other]: always(2) }, 'HoleRising'],
  fails_with_it: [{ [state]: always(3), [other]: always(3) }, 'HoleRising', 'HoleFailing'],
  slab_is_worse: [{ [state]: always(2), [other]: always(3) }, 'HoleRising', 'OtherFailing'],
  soon_over: [{ [eta]: between(hour, 0, 3600) }, 'UsesUpMemory'],
  not_soon_over: [{ [eta]: between(hour, 0, 200000) }],
  soon_over_for_a_moment: [{ [eta]: between(25 * minute, 0, 3600) }],
  soon_over_at_times: [{ [eta]: [...between(hour, 15 * minute, 3600), ...between(14 * minute, 12 * minute, 200000),
    ...between(11 * minute, 0, 3600)] }],
  was_soon_over: [{ [eta]: between(hour, 20 * minute, 3600) }],
  new_kernel: [{ [malformed]: [...between(23 * hour, hour, 0), ...between(50 * minute, 0, 1)] }, 'SourceMalformed'],
  not_understood_for_a_moment: [{ [malformed]: [...between(23 * hour, 13 * minute, 0), ...between(12 * minute, 0, 1)] }],
  understood_again: [{ [malformed]: [...between(23 * hour, hour, 1), ...between(50 * minute, 0, 0)] }],
  lost_a_privilege: [{ [denied]: [...between(23 * hour, hour, 2), ...between(50 * minute, 0, 5)] }, 'SourceDenied'],
  just_lost_it: [{ [denied]: [...between(23 * hour, 13 * minute, 2), ...between(12 * minute, 0, 5)] }],
  never_had_it: [{ [denied]: always(5) }],
  got_it: [{ [denied]: [...between(23 * hour, hour, 5), ...between(50 * minute, 0, 2)] }],
  is_silent: [{ [total]: between(23 * hour, 20 * minute, 1e9) }, 'Silent'],
  just_fell_silent: [{ [total]: between(23 * hour, 12 * minute, 1e9) }],
  is_late: [{ [total]: between(23 * hour, 7 * minute, 1e9) }],
  balloon: [{ [total]: [...between(23 * hour, 25 * minute, 8e9), ...between(24 * minute, 0, 7e9)],
    [removed]: [...between(23 * hour, 25 * minute, 0), ...between(24 * minute, 0, 1e9)] }, 'MemoryRemoved'],
  balloon_for_a_moment: [{ [total]: [...between(23 * hour, 6 * minute, 8e9), ...between(5 * minute, 0, 7e9)],
    [removed]: [...between(23 * hour, 6 * minute, 0), ...between(5 * minute, 0, 1e9)] }],
  small_balloon: [{ [total]: always(7.9e9), [removed]: always(1e8) }],
  is_gone: [{ [total]: between(30 * hour, 25 * hour, 1e9) }],
};

const lines = (now) => Object.entries(hosts).flatMap(([host, [series]]) =>
  Object.entries(series).flatMap(([id, values]) => {
    const [view, type, name] = id.split(' ');
    const common = (of, value, age) =>
      `alerts.${of}.meminfo_explain-${view}.${type}-${name} ${value} ${now - age}\n`;
    const separate = (of, value, age) =>
      `alerts.${of}.meminfo_explain.${view}.${type}.${name} ${value} ${now - age}\n`;
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

// A sum of math, of what the letters stand for.
function math(expression, of) {
  if (!/^[-+*/<() .\d$A-Z]+$/.test(expression)) throw new Error(`no sum that we know: ${expression}`);
  return Function(`return ${expression.replace(/\$([A-Z])/g, (_, ref) => `(${of(ref)})`)}`)();
}

// The value of refId for each host, so many seconds ago; of a query, all values.
async function evaluate(rule, refId, graphite, prefix, ago = 0) {
  const { model, relativeTimeRange: range } = rule.data.find((d) => d.refId === refId);
  if (model.target !== undefined) {
    const found = await graphite.query(model.target.replaceAll('collectd.', prefix),
      { from: range.from + ago, until: range.to + ago, maxDataPoints: 43200 });
    // Grafana refuses to evaluate the rule then, for all hosts.
    const twice = found.find((s, i) => found.findIndex((t) => t.labels.name === s.labels.name) < i);
    if (twice) throw new Error(`${rule.title}: two series are called ${twice.labels.name}`);
    return new Map(found.map((s) => [s.labels.name, s.values.map(([, value]) => value)]));
  }
  const of = async (ref) => evaluate(rule, ref, graphite, prefix, ago);
  const mapped = (values, f) => new Map([...values].map(([host, value]) => [host, f(value, host)]));
  switch (model.type) {
    case 'reduce':
      return mapped(await of(model.expression), reducers[model.reducer]);
    case 'threshold': {
      const [{ evaluator }] = model.conditions;
      return mapped(await of(model.expression), (v) => evaluators[evaluator.type](v, evaluator.params));
    }
    case 'math': {
      const refs = [...new Set([...model.expression.matchAll(/\$([A-Z])/g)].map(([, ref]) => ref))];
      const values = new Map();
      for (const ref of refs) values.set(ref, await of(ref));
      // As Grafana does it, of those that all have.
      return mapped(new Map([...values.get(refs[0])].filter(([host]) =>
        refs.every((ref) => values.get(ref).has(host)))),
      (_, host) => math(model.expression, (ref) => values.get(ref).get(host)));
    }
    default:
      throw new Error(`${rule.title}: ${refId} is of no known type`);
  }
}

const seconds = (text) => Number.parseInt(text, 10) * { s: 1, m: 60, h: 3600 }[text.at(-1)];

// The hosts on which a rule fires: those on which its condition has held at each evaluation
// of as long as `for` says.
async function firing(rule, interval, graphite, prefix) {
  let hosts;
  for (let ago = 0; ago <= seconds(rule.for); ago += seconds(interval)) {
    const result = await evaluate(rule, rule.condition, graphite, prefix, ago);
    hosts = (hosts ?? [...result.keys()]).filter((host) => result.get(host));
  }
  return hosts.sort();
}

export async function checkAlerts(folder, graphite, carbonPort, fault) {
  const now = Math.floor(Date.now() / 1000);
  await new Promise((resolve, reject) => {
    const socket = connect(carbonPort, '127.0.0.1');
    socket.on('error', reject).on('close', resolve);
    socket.end(lines(now).join(''));
    socket.resume();
  });
  // carbon has read all of it when it has the last line.
  const last = lines(now).at(-1).split(' ')[0];
  for (let tries = 200; ; tries--) {
    if ((await graphite.query(last, { from: 2 * 86400 })).some((s) => s.values.length >= 25)) break;
    if (tries === 0) throw new Error('carbon did not take the hosts that are made up');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { groups } = parse(readFileSync(join(folder, 'alerting/meminfo_explain.yml'), 'utf8'));
  let asked = 0;
  for (const [rule, interval] of groups.flatMap((group) => group.rules.map((r) => [r, group.interval]))) {
    const wanted = Object.entries(hosts)
      .filter(([, [, ...alerts]]) => alerts.some((alert) => rule.title.endsWith(alert)))
      .flatMap(([host]) => [host, `${host}_s`, `${host}_moved`]).sort().join();
    if (wanted === '') fault(`${rule.title}: no host is made up that raises it`);
    const fires = (await firing(rule, interval, graphite, 'alerts.')).join();
    if (fires !== wanted) fault(`${rule.title}: fires on ${fires}, and should on ${wanted}`);
    // Nobody at all: no data, for which noDataState stands.
    const nobody = await evaluate(rule, rule.condition, graphite, 'nobody.');
    if (nobody.size !== 0) fault(`${rule.title}: has data of nobody`);
    if ((rule.noDataState === 'Alerting') !== rule.title.endsWith('Silent'))
      fault(`${rule.title}: noDataState is ${rule.noDataState}`);
    asked += 2 + seconds(rule.for) / seconds(interval);
  }
  return asked;
}
