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
const eta = 'black_hole duration eta';
const malformed = 'quality count sources_malformed';
const denied = 'quality count sources_denied';
const total = 'total bytes mem_total';

// Each host: its series, and the alerts it must raise.
const hosts = {
  well: [{ [state]: always(0), [malformed]: always(0), [denied]: always(0) }],
  stepped: [{ [state]: [...between(23 * hour, 9 * minute, 0), ...between(8 * minute, 0, 1)] }, 'Step'],
  stepped_once: [{ [state]: [...between(hour, 20 * minute, 1), ...between(19 * minute, 0, 0)] }],
  rises: [{ [state]: always(2) }, 'Rising'],
  rose: [{ [state]: [...between(hour, 20 * minute, 2), ...between(19 * minute, 0, 0)] }],
  fails: [{ [state]: always(3) }, 'Rising', 'Failing'],
  soon_over: [{ [eta]: between(hour, 0, 3600) }, 'UsesUpMemory'],
  not_soon_over: [{ [eta]: between(hour, 0, 200000) }],
  was_soon_over: [{ [eta]: between(hour, 20 * minute, 3600) }],
  new_kernel: [{ [malformed]: [...between(23 * hour, hour, 0), ...between(50 * minute, 0, 1)] }, 'SourceMalformed'],
  understood_again: [{ [malformed]: [...between(23 * hour, hour, 1), ...between(50 * minute, 0, 0)] }],
  lost_a_privilege: [{ [denied]: [...between(23 * hour, hour, 2), ...between(50 * minute, 0, 5)] }, 'SourceDenied'],
  never_had_it: [{ [denied]: always(5) }],
  got_it: [{ [denied]: [...between(23 * hour, hour, 5), ...between(50 * minute, 0, 2)] }],
  is_silent: [{ [total]: between(23 * hour, 20 * minute, 1e9) }, 'Silent'],
  is_late: [{ [total]: between(23 * hour, 7 * minute, 1e9) }],
  is_gone: [{ [total]: between(30 * hour, 25 * hour, 1e9) }],
};

const lines = (now) => Object.entries(hosts).flatMap(([host, [series]]) =>
  Object.entries(series).flatMap(([id, values]) => {
    const [view, type, name] = id.split(' ');
    return values.flatMap(([age, value]) => [
      `alerts.${host}.meminfo_explain-${view}.${type}-${name} ${value} ${now - age}\n`,
      `alerts.${host}_s.meminfo_explain.${view}.${type}.${name} ${value} ${now - age}\n`,
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

// The value of refId for each host; of a query, all values.
async function evaluate(rule, refId, graphite, prefix) {
  const { model, relativeTimeRange: range } = rule.data.find((d) => d.refId === refId);
  if (model.target !== undefined) {
    const found = await graphite.query(model.target.replaceAll('collectd.', prefix),
      { from: range.from, until: range.to, maxDataPoints: 43200 });
    return new Map(found.map((s) => [s.labels.name, s.values.map(([, value]) => value)]));
  }
  const of = async (ref) => evaluate(rule, ref, graphite, prefix);
  const mapped = (values, f) => new Map([...values].map(([host, value]) => [host, f(value, host)]));
  switch (model.type) {
    case 'reduce':
      return mapped(await of(model.expression), reducers[model.reducer]);
    case 'threshold': {
      const [{ evaluator }] = model.conditions;
      return mapped(await of(model.expression), (v) => evaluators[evaluator.type](v, evaluator.params));
    }
    case 'math': {
      const [, a, b] = /^\$(\w) - \$(\w)$/.exec(model.expression);
      const [minuend, subtrahend] = [await of(a), await of(b)];
      return mapped(minuend, (value, host) => value - subtrahend.get(host));
    }
    default:
      throw new Error(`${rule.title}: ${refId} is of no known type`);
  }
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
  for (const rule of groups.flatMap((group) => group.rules)) {
    const wanted = Object.entries(hosts)
      .filter(([, [, ...alerts]]) => alerts.some((alert) => rule.title.endsWith(alert)))
      .flatMap(([host]) => [host, `${host}_s`]).sort().join();
    if (wanted === '') fault(`${rule.title}: no host is made up that raises it`);
    const result = await evaluate(rule, rule.condition, graphite, 'alerts.');
    const fires = [...result].filter(([, value]) => value).map(([host]) => host).sort().join();
    if (fires !== wanted) fault(`${rule.title}: fires on ${fires}, and should on ${wanted}`);
    // Nobody at all: no data, for which noDataState stands.
    const nobody = await evaluate(rule, rule.condition, graphite, 'nobody.');
    if (nobody.size !== 0) fault(`${rule.title}: has data of nobody`);
    if ((rule.noDataState === 'Alerting') !== rule.title.endsWith('Silent'))
      fault(`${rule.title}: noDataState is ${rule.noDataState}`);
    asked += 2;
  }
  return asked;
}
