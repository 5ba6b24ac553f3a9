// SPDX-License-Identifier: MIT
// The same queries for Graphite and for Prometheus. view, type and name are parts of the
// plugin's identifiers, meminfo_explain-VIEW/TYPE-NAME; name may be '*' or a list of names.

// Regular expressions for the type instance and the host in a path of either naming. Around
// the path may be the names of the functions that were applied to it.
const nameInPath = '^.*meminfo_explain[-.][a-z0-9_]+[.][a-z0-9_]+[-.](?:rate_)?([a-z0-9_]+).*';
const hostInPath = '^.*?([^.(,]+)[.]meminfo_explain.*';

// naming is '-', or '.' with SeparateInstances. With UseStockTypes, signed values have type
// gauge and names of rates begin with rate_. Rates need two paths, because Graphite does not
// allow a dot inside {}.
const path = (view, type, name) => {
  const of = (types, prefix = '') => '${prefix}${host}.meminfo_explain${naming}' +
    `${view}.${types}\${naming}${prefix}${Array.isArray(name) ? `{${name}}` : name}`;
  return {
    signed_bytes: () => of('{signed_bytes,gauge}'),
    bytes_rate: () => `group(${of('bytes_rate')},${of('gauge', 'rate_')})`,
  }[type]?.() ?? of(type);
};

const graphite = {
  id: 'graphite',
  title: 'Graphite',

  raw: path,
  // Averages over each $interval.
  average: (...of) => `summarize(${path(...of)},'$interval','avg')`,
  // If there are more points than pixels, Graphite averages them by default. A state of 1.5
  // does not exist.
  highest: (...of) => `consolidateBy(summarize(${path(...of)},'$interval','max'),'max')`,
  // The last few points may not have arrived yet; older values are not current.
  present: (...of) => `consolidateBy(keepLastValue(${path(...of)},5),'last')`,

  // sumSeries treats missing values as 0, but the sum of a value and an unknown error is
  // unknown. (a / b + 1) * b is null if b is missing.
  plus: (a, b) => `multiplySeries(offset(divideSeries(${a},${b}),1),${b})`,
  minus: (a, b) => `multiplySeries(offset(divideSeries(${a},${b}),-1),${b})`,
  aboveZero: (a) => `maximumAbove(${a},0)`,

  top: (a) => `highestCurrent(removeEmptySeries(${a}),20)`,
  bottom: (a) => `lowestCurrent(removeEmptySeries(${a}),20)`,
  topOverTime: (a) => `highestMax(removeEmptySeries(${a}),20)`,
  sum: (a) => `consolidateBy(sumSeries(keepLastValue(${a},5)),'last')`,
  count: (a) => `countSeries(removeEmptySeries(${a}))`,
  // The number of series in the range; if there is none, 0, not an empty result.
  countWithin: (a, low, high) =>
    `consolidateBy(sumSeries(isNonNull(removeAboveValue(removeBelowValue(` +
    `keepLastValue(${a},5),${low}),${high}))),'last')`,
  everAtLeast: (a, low) => `filterSeries(removeEmptySeries(${a}),'max','>=',${low})`,

  target(legend, expression, refId) {
    const target = {
      name: `aliasSub(${expression},'${nameInPath}','\\1')`,
      host: `aliasSub(${expression},'${hostInPath}','\\1')`,
    }[legend.by] ?? `alias(${expression},'${legend}')`;
    return { refId, target, textEditor: true };
  },

  hostOfSeries: '${__series.name}',
  passedOn: '${datasource:queryparam}&${prefix:queryparam}&${naming:queryparam}',
  variables: (host) => [
    {
      type: 'textbox',
      name: 'prefix',
      label: 'Prefix',
      description: 'The Prefix of write_graphite, with its final dot; may be empty.',
      query: 'collectd.',
      current: { text: 'collectd.', value: 'collectd.' },
      options: [{ text: 'collectd.', value: 'collectd.', selected: true }],
    },
    {
      type: 'custom',
      name: 'naming',
      label: 'Names',
      description: 'Select SeparateInstances if it is true in the node of write_graphite.',
      query: 'default : -,SeparateInstances : .',
      current: { text: 'default', value: '-' },
      options: [
        { text: 'default', value: '-', selected: true },
        { text: 'SeparateInstances', value: '.', selected: false },
      ],
    },
    {
      ...host,
      query: 'expand(${prefix}*.meminfo_explain${naming}total)',
      regex: '/([^.]+)[.]meminfo_explain/',
      allValue: '*',
    },
  ],
};

const selector = (view, type, name) => {
  const labels = [`meminfo_explain="${view}"`];
  if (Array.isArray(name)) labels.push(`type=~"${name.join('|')}"`);
  else if (name !== '*') labels.push(`type="${name}"`);
  labels.push('instance=~"$host"');
  const metric = { duration: 'duration_seconds' }[type] ?? type;
  return type === '*'
    ? `{__name__=~"collectd_meminfo_explain_(signed_)?bytes",${labels}}`
    : `collectd_meminfo_explain_${metric}{${labels}}`;
};

const prometheus = {
  id: 'prometheus',
  title: 'Prometheus',

  raw: selector,
  average: (...of) => `avg_over_time(${selector(...of)}[$interval])`,
  highest: (...of) => `max_over_time(${selector(...of)}[$interval])`,
  present: selector, // values older than the lookback delta, 5 minutes, are not current

  plus: (a, b) => `${a} + ignoring (type) ${b}`,
  minus: (a, b) => `${a} - ignoring (type) ${b}`,
  aboveZero: (a) => `${a} > 0`,

  top: (a) => `sort_desc(topk(20, ${a}))`,
  bottom: (a) => `sort(bottomk(20, ${a}))`,
  topOverTime: (a) => `topk(20, ${a})`,
  sum: (a) => `sum(${a})`,
  count: (a) => `count(${a}) or vector(0)`,
  countWithin: (a, low, high) => `count(${a} >= ${low} <= ${high}) or vector(0)`,
  everAtLeast: (a, low) => `${a} >= ${low}`,

  target(legend, expression, refId, { instant = false } = {}) {
    return {
      refId,
      expr: expression,
      legendFormat: { name: '{{type}}', host: '{{instance}}' }[legend.by] ?? legend,
      editorMode: 'code',
      ...(instant ? { instant: true } : { range: true, interval: '$interval' }),
    };
  },

  hostOfSeries: '${__field.labels.instance}',
  passedOn: '${datasource:queryparam}',
  variables: (host) => [
    {
      ...host,
      query: {
        refId: 'hosts',
        query:
          'label_values(collectd_meminfo_explain_bytes' +
          '{meminfo_explain="total",type="mem_total"},instance)',
      },
      allValue: '.*',
    },
  ],
};

export const backends = [graphite, prometheus];
