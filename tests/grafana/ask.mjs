// SPDX-License-Identifier: MIT
// Queries Graphite and Prometheus as Grafana's data sources do.

// Replaces ${name} and $name by their values as Grafana does. Throws if a name is undefined.
export function interpolate(text, values) {
  return text.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (whole, braced, bare) => {
    const value = values[braced ?? bare];
    if (value === undefined) throw new Error(`no variable ${whole} in: ${text}`);
    return value;
  });
}

async function answer(url, body) {
  const response = await fetch(url, body && {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(body).toString(),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} of ${url}: ${text.slice(-300)}`);
  return JSON.parse(text);
}

// Removes null values, then series without values, from [{name, labels, values: [[time,
// value]...]}...].
const withoutNulls = (all) => all
  .map((s) => ({ ...s, values: s.values.filter(([, v]) => v !== null && Number.isFinite(v)) }))
  .filter((s) => s.values.length > 0);

// The unmodified result of a Graphite server: [{target, tags, datapoints: [[value, time]...]}...].
export function render(url, target, { from, until, maxDataPoints }) {
  const fixed = target.replace(/'(\d+)m'/gi, (m) => m.replace('m', 'min').replace('M', 'mon'));
  return answer(`${url}/render`, { target: fixed, from, until, format: 'json', maxDataPoints });
}

export const graphite = (url) => ({
  // from and until are seconds before now.
  async query(target, { from, until = 0, maxDataPoints = 1000 }) {
    const now = Math.floor(Date.now() / 1000);
    const all = await render(url, target, { from: now - from, until: now - until, maxDataPoints });
    return withoutNulls(all.map((s) => ({
      name: s.target,
      labels: { ...s.tags, name: s.target },
      values: s.datapoints.map(([value, time]) => [time, value]),
    })));
  },
  // The values of a dashboard variable of type query.
  async variable({ query, regex }, values) {
    const pattern = interpolate(/^expand\((.*)\)$/.exec(query)[1], values);
    const found = await answer(`${url}/metrics/expand?query=${encodeURIComponent(pattern)}`);
    const [, search] = /^\/(.*)\/$/.exec(regex);
    return [...new Set(found.results.map((path) => new RegExp(search).exec(path)?.[1]))].sort();
  },
  severalHosts: (hosts) => `{${hosts}}`,
});

export const prometheus = (url) => ({
  async query(expr, { from, instant, legend }) {
    const now = Math.floor(Date.now() / 1000);
    const { data } = instant
      ? await answer(`${url}/api/v1/query`, { query: expr, time: now })
      : await answer(`${url}/api/v1/query_range`, { query: expr, start: now - from, end: now, step: 1 });
    return withoutNulls(data.result.map(({ metric, value, values }) => ({
      name: legend.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? ''),
      labels: metric,
      values: (values ?? [value]).map(([time, v]) => [time, Number(v)]),
    })));
  },
  async variable({ query }, values) {
    const [, metric, label] = /^label_values\((.*),(\w+)\)$/.exec(query.query);
    const found = await answer(`${url}/api/v1/label/${label}/values?match[]=` +
      encodeURIComponent(interpolate(metric, values)));
    return found.data;
  },
  severalHosts: (hosts) => `(${hosts.join('|')})`,
});
