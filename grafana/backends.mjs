// SPDX-License-Identifier: MIT
// The same questions in the words of Graphite and of Prometheus. `view`, `type` and `name`
// are the plugin's: meminfo_explain-VIEW/TYPE-NAME; `name` may be '*', or several in a list.

// Where the instance of a type, and the host, are in a path of either naming; functions
// that were applied before have left their names around it.
const nameInPath = '^.*meminfo_explain[-.][a-z0-9_]+[.][a-z0-9_]+[-.](?:rate_)?([a-z0-9_]+).*';
const hostInPath = '^.*?([^.(,]+)[.]meminfo_explain.*';

// naming is '-', or '.' with SeparateInstances. With UseStockTypes, what is signed is a
// gauge, and of a rate the name begins with rate_: no two are in one path, for in {} there
// must be no dot.
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
  // Of each $interval.
  average: (...of) => `summarize(${path(...of)},'$interval','avg')`,
  // Where there are more points than pixels Graphite takes means, unless it is told: a state of
  // 1.5 is none.
  highest: (...of) => `consolidateBy(summarize(${path(...of)},'$interval','max'),'max')`,
  // The last point or two may be on their way; what is older is not the present.
  present: (...of) => `consolidateBy(keepLastValue(${path(...of)},5),'last')`,

  // Graphite's sumSeries takes what is missing for 0. A sum with an error that is not known
  // is not known: a / missing is null, so (a / b + 1) * b is.
  plus: (a, b) => `multiplySeries(offset(divideSeries(${a},${b}),1),${b})`,
  minus: (a, b) => `multiplySeries(offset(divideSeries(${a},${b}),-1),${b})`,
  aboveZero: (a) => `maximumAbove(${a},0)`,

  top: (a) => `highestCurrent(removeEmptySeries(${a}),20)`,
  bottom: (a) => `lowestCurrent(removeEmptySeries(${a}),20)`,
  topOverTime: (a) => `highestMax(removeEmptySeries(${a}),20)`,
  sum: (a) => `consolidateBy(sumSeries(keepLastValue(${a},5)),'last')`,
  count: (a) => `countSeries(removeEmptySeries(${a}))`,
  // How many are in the range; 0, and not nothing, where none is.
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
      description: "What write_graphite's Prefix is, with its dot at the end; may be empty.",
      query: 'collectd.',
      current: { text: 'collectd.', value: 'collectd.' },
      options: [{ text: 'collectd.', value: 'collectd.', selected: true }],
    },
    {
      type: 'custom',
      name: 'naming',
      label: 'Names',
      description: "SeparateInstances: if that is true for write_graphite's node.",
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
  present: selector, // the lookback delta, 5 minutes, sees to it

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
