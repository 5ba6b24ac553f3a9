// SPDX-License-Identifier: MIT
// The dashboards: what each panel asks, and what it says to whoever looks at it at 3 a.m.
// Panels outside of the collapsed row need no more than the default set of series.
import { byHost, byName, listed, panel, series, states } from './panels.mjs';

const hole = 'black_hole';

// --- a host ----------------------------------------------------------------------------

const small = { width: 4, height: 4 };
const half = { width: 12, height: 9 };
const third = { width: 8, height: 8 };

const hostNow = [
  panel('stat', {
    ...small,
    title: 'Alarm',
    description:
      "The plugin's own judgement of the black hole. okay: nothing to do. step: it took another " +
      'level at once; look whether something was started. rising: a leak; see below what rises ' +
      'with it, and run meminfo-explain on the host. failing: memory will last less than a day, ' +
      'or much of it is gone; move what matters away first.',
    unit: 'none',
    mappings: states,
    noValue: 'no data',
    targets: [[byHost, (q) => q.present(hole, 'count', 'state')]],
  }),
  panel('stat', {
    ...small,
    title: 'Black hole',
    description:
      'Memory that no counter of /proc/meminfo has: the best of the three accountings. What is ' +
      'usual differs from host to host; what counts is whether it rises.',
    unit: 'bytes',
    signed: true,
    noValue: 'no data',
    colour: '#e02f44',
    targets: [[byHost, (q) => q.present(hole, 'signed_bytes', 'estimate')]],
  }),
  panel('stat', {
    ...small,
    title: 'Above the floor',
    description:
      'What came on top of the least this host has had since collectd started. The floor is a ' +
      'constant of the boot: hash tables, rings of drivers. This is what was taken since.',
    unit: 'bytes',
    signed: true,
    noValue: 'no data',
    colour: '#fa6400',
    targets: [[byHost, (q) => q.present(hole, 'signed_bytes', 'above_floor')]],
  }),
  panel('stat', {
    ...small,
    title: 'Rate',
    description:
      'How fast the black hole rises, by a robust slope over at least half an hour. Below zero: ' +
      'memory is given back. No value in the first while after collectd was started.',
    unit: 'binBps',
    signed: true,
    noValue: '–',
    colour: '#fa6400',
    targets: [[byHost, (q) => q.present(hole, 'bytes_rate', 'estimate')]],
  }),
  panel('stat', {
    ...small,
    title: 'Time left',
    description:
      'Until MemAvailable is used up at the present rate. There is a value only while the black ' +
      'hole rises. Less than a day: plan the restart of what leaks now, or the reboot.',
    unit: 's',
    noValue: '–',
    colour: '#8f3bb8',
    targets: [[byHost, (q) => q.present(hole, 'duration', 'eta')]],
  }),
  panel('stat', {
    ...small,
    title: 'MemAvailable',
    description:
      "The kernel's estimate of what programs can still have without swapping. Small and the " +
      'black hole large: the black hole is to blame. Small and the black hole as always: look ' +
      'for the process, the cache or the slab in the stack below.',
    unit: 'bytes',
    noValue: 'no data',
    targets: [[byHost, (q) => q.present('total', 'bytes', 'mem_available')]],
  }),
];

const hostGraphs = [
  panel('timeseries', {
    width: 24,
    height: 12,
    title: 'MemTotal, by the $accounting accounting',
    description:
      'Every byte of MemTotal once, stacked up to its line: the kernel, processes and files by ' +
      'the accounting chosen above, the black hole (red), and free memory (grey). What grows ' +
      'at the cost of the grey is your answer. The three accountings share the kernel and free ' +
      'memory, and cut the rest differently: lru by lists, cache by page cache and AnonPages, ' +
      'pss by what processes have mapped.',
    unit: 'bytes',
    signed: true,
    stacked: true,
    targets: [
      [byName('kernel'), (q) => q.aboveZero(q.average('kernel', 'bytes', '*'))],
      [byName('user'), (q) => q.average('user_${accounting}', '*', '*')],
      ['black hole', (q) => q.average(hole, 'signed_bytes', '${accounting}')],
      ['pcp_free', (q) => q.average('total', 'bytes', 'pcp_free')],
      ['mem_free', (q) => q.average('total', 'bytes', 'mem_free')],
      ['mem_total', (q) => q.average('total', 'bytes', 'mem_total')],
    ],
    rules: [
      series('mem_total', {
        'custom.stacking': { mode: 'none', group: 'A' },
        'custom.fillOpacity': 0,
        'custom.lineWidth': 2,
      }),
      series('mem_free', { 'custom.fillOpacity': 20 }),
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Black hole',
    description:
      'The estimate within its error, and what came above the floor. A step of less than the ' +
      'width of the band is noise. No band: a bound on the error is not known, for a file that ' +
      'could not be read. It rises for good: see the next panel for who has it.',
    unit: 'bytes',
    signed: true,
    targets: [
      ['at least', (q) =>
        q.minus(q.average(hole, 'signed_bytes', 'estimate'), q.average(hole, 'bytes', 'error'))],
      ['at most', (q) =>
        q.plus(q.average(hole, 'signed_bytes', 'estimate'), q.average(hole, 'bytes', 'error'))],
      ['estimate', (q) => q.average(hole, 'signed_bytes', 'estimate')],
      ['above floor', (q) => q.average(hole, 'signed_bytes', 'above_floor')],
    ],
    rules: [
      series('at least', { 'custom.lineWidth': 0 }),
      series('at most', {
        'custom.lineWidth': 0,
        'custom.fillBelowTo': 'at least',
        'custom.fillOpacity': 25,
      }),
      series('estimate', { 'custom.lineWidth': 2 }),
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Who has it: hidden consumers, and what is unexplained',
    description:
      'What drivers tell of their pages in the black hole, stacked (balloons, zram, GPU, trace ' +
      'buffers, ...), and on top what nobody owns. A consumer that grows: judge it there. Only ' +
      'unexplained grows: a driver, BPF, pipes, sockets; on the host, sudo meminfo-explain names ' +
      'what is known. Below zero: a consumer tells more than it has in the black hole.',
    unit: 'bytes',
    signed: true,
    stacked: true,
    targets: [
      [byName('hidden'), (q) => q.aboveZero(q.average('hidden', 'bytes', '*'))],
      ['unexplained', (q) => q.average(hole, 'signed_bytes', 'unexplained')],
      ['estimate', (q) => q.average(hole, 'signed_bytes', 'estimate')],
    ],
    rules: [
      series('estimate', {
        'custom.stacking': { mode: 'none', group: 'A' },
        'custom.fillOpacity': 0,
        'custom.lineWidth': 2,
      }),
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Unexplained',
    description:
      'The black hole less all that a driver tells of: nobody owns it. It should be flat. If it ' +
      'rises, compare its beginning with what was deployed, loaded or plugged in then. A consumer ' +
      'whose file could not be read is part of it: see Quality, sources_denied.',
    unit: 'bytes',
    signed: true,
    targets: [
      ['unexplained', (q) => q.average(hole, 'signed_bytes', 'unexplained')],
      ['hidden', (q) => q.average(hole, 'signed_bytes', 'hidden')],
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Rate, and time left',
    description:
      'How fast the black hole rises (left), and how long MemAvailable will last at that rate ' +
      '(right; only while it rises). A rate that stays above zero for hours is a leak, however ' +
      'small.',
    unit: 'binBps',
    signed: true,
    targets: [
      ['rate', (q) => q.average(hole, 'bytes_rate', 'estimate')],
      ['time left', (q) => q.average(hole, 'duration', 'eta')],
    ],
    rules: [
      series('time left', {
        unit: 's',
        min: 0,
        'custom.axisPlacement': 'right',
        'custom.lineStyle': { fill: 'dash', dash: [6, 4] },
      }),
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Three accountings of the black hole',
    description:
      'The same memory counted in three independent ways. They should lie on each other. lru ' +
      'above cache: unmapped swap cache, or pages that only a pin holds (a leak of pages still ' +
      'on the LRU: see lru_cache in Identities). pss apart from both: processes could not be ' +
      'read, see Pss. No line: that accounting is not known here.',
    unit: 'bytes',
    signed: true,
    targets: ['lru', 'cache', 'pss'].map((name) =>
      [name, (q) => q.average(hole, 'signed_bytes', name)]),
  }),
  panel('timeseries', {
    ...half,
    title: 'Callers of vmalloc',
    description:
      'The largest callers of vmalloc by name, and all others. It is accounted memory (vmalloc ' +
      'in the stack). One that grows is a leak in the code of that name: BPF maps, modules, ' +
      'thread stacks (kernel_clone). Empty: /proc/vmallocinfo needs root or CAP_DAC_READ_SEARCH.',
    unit: 'bytes',
    stacked: true,
    targets: [[byName('vmalloc'), (q) => q.aboveZero(q.average('vmalloc', 'bytes', '*'))]],
  }),
  panel('timeseries', {
    ...third,
    title: 'Taken out of MemTotal',
    description:
      'removed: what MemTotal has less than at its highest since collectd started; and what ' +
      'balloons hold outside of it, where one does. It grows: the hypervisor took memory; ask ' +
      'whoever runs it. It is no part of the black hole. AllSeries adds what was never in ' +
      'MemTotal: bounce buffers, struct pages of the boot.',
    unit: 'bytes',
    targets: [
      ['removed', (q) => q.average('total', 'bytes', 'removed')],
      [byName('outside'), (q) => q.average('outside', 'bytes', '*')],
    ],
  }),
  panel('timeseries', {
    ...third,
    title: 'Shared, and swapped',
    description:
      'Shmem: tmpfs and shared memory, which cannot be dropped, though it counts as cache; and ' +
      'swap in use. They overlap what is stacked above. Shmem grows: look into tmpfs (df -t ' +
      'tmpfs) and ipcs -m.',
    unit: 'bytes',
    targets: [[listed('shmem', 'swap_used'), (q) =>
      q.average('detail', 'bytes', ['shmem', 'swap_used'])]],
  }),
  panel('timeseries', {
    ...third,
    title: 'Identities',
    description:
      'Residuals of equations between counters, which check the explanation. lru_cache: pages on ' +
      'the LRU that are in no cache; if it rises and swap is quiet, pages leak while still on the ' +
      'LRU. pss_mapped_anon: the sum of Pss against AnonPages + Mapped; far from 0 where ' +
      'processes could not be read.',
    unit: 'bytes',
    signed: true,
    targets: [[byName('identity'), (q) =>
      q.average('identity', 'signed_bytes', ['lru_cache', 'pss_mapped_anon'])]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Pss: coverage and error',
    description:
      'Share of the memory of processes that was read (left), and what the sum of Pss may be off ' +
      'by (right). Below 100 %: processes deny us; collectd needs root or CAP_SYS_PTRACE. A large ' +
      'error: the pss accounting is withheld, and the two others are not touched by it.',
    unit: 'percent',
    max: 100,
    targets: [
      ['coverage', (q) => q.average('quality', 'percent', 'pss_coverage')],
      ['error', (q) => q.average('quality', 'bytes', 'pss_error')],
    ],
    rules: [series('error', { unit: 'bytes', max: null, 'custom.axisPlacement': 'right' })],
  }),
  panel('timeseries', {
    ...half,
    title: 'Quality',
    description:
      'Whether to believe it. sources_denied: files that we may not read (see Privileges in the ' +
      "README). sources_malformed: files we do not understand, collectd's log names file and " +
      'line. identities_broken: equations off by more than their tolerance; the kernel counts ' +
      'something in a way that we do not know. All 0 is right; a constant above 0 of the first ' +
      'is a missing privilege.',
    unit: 'none',
    decimals: 0,
    steps: true,
    targets: [[byName('quality'), (q) => q.highest('quality', 'count',
      ['sources_denied', 'sources_malformed', 'identities_broken'])]],
  }),
  panel('state-timeline', {
    width: 24,
    height: 5,
    title: 'Alarms',
    description:
      'When the alarm was at which state: of the black hole, and the highest of the five other ' +
      'watched series (unreclaimable slab, vmalloc, page tables, pages on the LRU in no cache, what ' +
      "is unexplained). Which of them rises says the plugin's notification in collectd's log, with " +
      'the command to run; AllSeries sends the rate of each.',
    unit: 'none',
    mappings: states,
    noValue: 'no data',
    targets: [
      ['black hole', (q) => q.highest(hole, 'count', 'state')],
      ['other memory', (q) => q.highest('trend', 'count', 'worst')],
    ],
  }),
];

const hostMore = [
  panel('timeseries', {
    ...half,
    title: 'All identities',
    description:
      'Needs AllSeries. The residuals of all equations; collectd-meminfo_explain(5) tells each. Those that ' +
      'are marked >= there may be large and positive; the others should be near 0.',
    unit: 'bytes',
    signed: true,
    targets: [[byName('identity'), (q) => q.average('identity', 'signed_bytes', '*')]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Allocation sites of the black hole',
    description:
      'Needs AllSeries, and Linux 6.10 with vm.mem_profiling=1. The functions that allocated what ' +
      'is in the black hole: the one that grows is the leak.',
    unit: 'bytes',
    stacked: true,
    targets: [[byName('alloc_site'), (q) => q.aboveZero(q.average('alloc_site', 'bytes', '*'))]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Cost',
    description:
      'Needs AllSeries. Time to read everything but the processes, and CPU time of the last pass ' +
      'over the processes. The latter is held by PssBudget (percent of one CPU); lower it if it ' +
      'is too much.',
    unit: 's',
    targets: [[byName('quality'), (q) => q.average('quality', 'duration', ['read', 'pss'])]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Age of what is slow to read',
    description:
      'Needs AllSeries. Age of the oldest reading of smaps in the sums, and of vmallocinfo. Hours: ' +
      'PssBudget is small for so many processes, and bytes-pss_error says what that may cost.',
    unit: 's',
    targets: [[byName('quality'), (q) =>
      q.average('quality', 'duration', ['pss_age', 'vmalloc_age'])]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Parts of the error',
    description:
      'Needs AllSeries. tear: what the parts of a sample are apart. pss_estimated: Pss that no ' +
      'reading backs. unexplained_error: bound on the error of what is unexplained; it is large ' +
      "where a consumer's file could not be read.",
    unit: 'bytes',
    targets: [
      [byName('quality'), (q) => q.average('quality', 'bytes', ['tear', 'pss_estimated'])],
      [byName(hole), (q) => q.average(hole, 'bytes', 'unexplained_error')],
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Troubles with reading',
    description:
      'Needs AllSeries. Bad lines, unknown lines of meminfo (a new kernel: please report), samples ' +
      'taken again, and processes that denied us, were estimated, or hang whoever reads them.',
    unit: 'none',
    decimals: 0,
    steps: true,
    targets: [[byName('quality'), (q) => q.highest('quality', 'count',
      ['malformed_lines', 'meminfo_unknown_lines', 'retries', 'processes_denied',
        'processes_estimated', 'processes_hung'])]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Rates of the other watched series',
    description:
      'Needs AllSeries. How fast unreclaimable slab, vmalloc, page tables, what is unexplained, and ' +
      'pages on the LRU in no cache rise. The plugin notifies of each. slab rises: slabtop.',
    unit: 'binBps',
    signed: true,
    targets: [[byName('trend'), (q) => q.average('trend', 'bytes_rate', '*')]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Inside other terms, and bounds',
    description:
      'Needs AllSeries. What drivers tell that is in other terms of the stack (inside: i915 in ' +
      'Shmem, IOMMU in SecPageTables), and what may be in the black hole at most (sockets, nfsd, ' +
      'GPU mappings). None of it is subtracted: hints for what is unexplained.',
    unit: 'bytes',
    targets: [
      [byName('inside'), (q) => q.average('inside', 'bytes', '*')],
      [byName('upper_bound'), (q) => q.average('upper_bound', 'bytes', '*')],
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Details of processes and files',
    description:
      'Needs AllSeries. They overlap what is stacked: what is mapped, locked, in huge pages, ' +
      'waits to be written, and is in swap and in memory. dirty_total stays high: storage is ' +
      'too slow. mlocked grows: a program locks memory, which nothing can take from it.',
    unit: 'bytes',
    targets: [[listed('mapped'), (q) => q.average('detail', 'bytes',
      ['mapped', 'mlocked', 'anon_huge_pages', 'dirty_total', 'swap_cached'])]],
  }),
];

// --- the fleet -------------------------------------------------------------------------

const now = { timeFrom: '10m' };

const toHost = (q) => [
  {
    title: 'This host',
    url: `/d/meminfo-explain-${q.id}-host?var-host=${q.hostOfSeries}&${q.passedOn}&\${__url_time_range}`,
  },
];

const fleetNow = [
  panel('stat', {
    ...small,
    ...now,
    title: 'Hosts that report',
    description:
      'With a value in the last ten minutes. Less than you have: the alert MeminfoExplainSilent ' +
      'names those that fell silent within a day.',
    unit: 'none',
    noValue: '0',
    targets: [['hosts', (q) => q.count(q.raw('total', 'bytes', 'mem_total'))]],
  }),
  panel('stat', {
    ...small,
    ...now,
    title: 'Rising',
    description: 'Hosts whose black hole rises for good (state 2 or 3). Below is which.',
    unit: 'none',
    noValue: '0',
    colour: 'orange',
    targets: [['rising', (q) => q.countWithin(q.raw(hole, 'count', 'state'), 2, 3)]],
  }),
  panel('stat', {
    ...small,
    ...now,
    title: 'Failing',
    description:
      'Hosts that have less than a day of memory left, or lost much of it (state 3). Move what ' +
      'matters away from them first.',
    unit: 'none',
    noValue: '0',
    colour: 'red',
    targets: [['failing', (q) => q.countWithin(q.raw(hole, 'count', 'state'), 3, 3)]],
  }),
  panel('stat', {
    ...small,
    ...now,
    title: 'Stepped',
    description:
      'Hosts whose black hole took another level at once, within the last minutes (state 1). Many ' +
      'at one time: a deployment.',
    unit: 'none',
    noValue: '0',
    colour: 'blue',
    targets: [['stepped', (q) => q.countWithin(q.raw(hole, 'count', 'state'), 1, 1)]],
  }),
  panel('stat', {
    ...small,
    ...now,
    title: 'Not understood',
    description:
      'Hosts with a file of /proc or /sys that the plugin does not understand. After a new kernel: ' +
      "collectd's log on the host names file and line; please report.",
    unit: 'none',
    noValue: '0',
    targets: [['hosts', (q) => q.countWithin(q.raw('quality', 'count', 'sources_malformed'), 1, 1000000)]],
  }),
  panel('stat', {
    ...small,
    ...now,
    title: 'Black holes together',
    description: 'What all hosts together miss. It says what the problem costs.',
    unit: 'bytes',
    signed: true,
    noValue: 'no data',
    colour: '#e02f44',
    targets: [['black holes', (q) => q.sum(q.raw(hole, 'signed_bytes', 'estimate'))]],
  }),
];

const ranking = (spec) => panel('bargauge', {
  width: 8, height: 14, ...now, instant: true, links: toHost, ...spec,
});

const fleetGraphs = [
  ranking({
    title: 'Largest above the floor',
    description:
      'The 20 hosts that lost most to the black hole since their collectd started. Click a host. ' +
      'After a restart of collectd, a host begins at 0 again.',
    unit: 'bytes',
    signed: true,
    colour: '#fa6400',
    noValue: 'no data',
    targets: [[byHost, (q) => q.top(q.raw(hole, 'signed_bytes', 'above_floor'))]],
  }),
  ranking({
    title: 'Fastest',
    description:
      'The 20 hosts whose black hole rises fastest. Those that also are in "In warning" leak; of ' +
      'the others the plugin is not sure yet.',
    unit: 'binBps',
    signed: true,
    colour: '#fa6400',
    noValue: 'no data',
    targets: [[byHost, (q) => q.top(q.raw(hole, 'bytes_rate', 'estimate'))]],
  }),
  ranking({
    title: 'Least time left',
    description:
      'The 20 hosts that will first have used up MemAvailable, at the rate of their black hole. ' +
      'Below a day: act today. Empty: none rises.',
    unit: 's',
    colour: '#8f3bb8',
    noValue: '–',
    targets: [[byHost, (q) => q.bottom(q.raw(hole, 'duration', 'eta'))]],
  }),
  panel('state-timeline', {
    ...half,
    title: 'In warning',
    description:
      'Hosts whose alarm of the black hole was at rising or failing, and when. Many that began together have a ' +
      'common cause: a kernel, a driver, a deployment. Empty: none.',
    unit: 'none',
    mappings: states,
    noValue: 'none',
    links: toHost,
    targets: [[byHost, (q) => q.everAtLeast(q.highest(hole, 'count', 'state'), 2)]],
  }),
  panel('state-timeline', {
    ...half,
    title: 'In warning for other memory',
    description:
      'Hosts on which unreclaimable slab, vmalloc, page tables, pages on the LRU in no cache, or ' +
      'what nobody owns of the black hole was rising or failing: the highest of their states. Which ' +
      "it is says the plugin's notification in collectd's log, with the command to run. Empty: none.",
    unit: 'none',
    mappings: states,
    noValue: 'none',
    links: toHost,
    targets: [[byHost, (q) => q.everAtLeast(q.highest('trend', 'count', 'worst'), 2)]],
  }),
  panel('heatmap', {
    ...half,
    maxDataPoints: 48, // the one panel that brings all hosts to the browser
    title: 'Black hole, percent of MemTotal',
    description:
      'How many hosts miss how much of their memory. The dark band is what is usual in your fleet; ' +
      'a trail that leaves it upwards is a leak, a second band another kernel or driver.',
    unit: 'percent',
    targets: [[byHost, (q) => q.average(hole, 'percent', 'estimate')]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Above the floor, the 20 highest',
    description:
      'When it was taken. A slope is a leak, a step something that was started, a saw is breathing ' +
      'and no leak.',
    unit: 'bytes',
    signed: true,
    links: toHost,
    targets: [[byHost, (q) => q.topOverTime(q.average(hole, 'signed_bytes', 'above_floor'))]],
  }),
  panel('timeseries', {
    ...half,
    title: 'MemTotal taken away, the 20 highest',
    description:
      'What MemTotal has less than at its highest since collectd started: balloons, memory taken ' +
      'offline. Many hosts at once: their hypervisor is short of memory.',
    unit: 'bytes',
    links: toHost,
    targets: [[byHost, (q) => q.topOverTime(q.average('total', 'bytes', 'removed'))]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Files denied, the 20 highest',
    description:
      'Files the plugin may not read. More than yesterday: collectd lost a privilege, by an update ' +
      'of its unit or of a security module.',
    unit: 'none',
    decimals: 0,
    steps: true,
    links: toHost,
    targets: [[byHost, (q) => q.topOverTime(q.highest('quality', 'count', 'sources_denied'))]],
  }),
];

// --- together --------------------------------------------------------------------------

// From left to right, then down; gives the rows below to the panels in a collapsed row.
const placed = (panels, from) => {
  let x = 0, y = from, high = 0;
  const put = panels.map((p) => {
    if (x + p.gridPos.w > 24) [x, y, high] = [0, y + high, 0];
    const gridPos = { ...p.gridPos, x, y };
    x += gridPos.w;
    high = Math.max(high, gridPos.h);
    return { ...p, gridPos };
  });
  return [put, y + high];
};

const row = (title, y, { collapsed = false, repeat, panels = [] } = {}) => ({
  type: 'row',
  title,
  collapsed,
  gridPos: { w: 24, h: 1, x: 0, y },
  ...(repeat ? { repeat } : {}),
  panels,
});

const hostPanels = (backend) => {
  const [open, end] = placed([...hostNow, ...hostGraphs].map((p) => p(backend)), 1);
  const [more] = placed(hostMore.map((p) => p(backend)), end + 1);
  return [
    row('$host', 0, { repeat: 'host' }),
    ...open,
    row('$host: more, needs AllSeries true', end, { collapsed: true, repeat: 'host', panels: more }),
  ];
};

const fleetPanels = (backend) => placed([...fleetNow, ...fleetGraphs].map((p) => p(backend)), 0)[0];

const numbered = (panels) => {
  let id = 0;
  const number = (p) => ({ id: ++id, ...p, ...(p.panels ? { panels: p.panels.map(number) } : {}) });
  return panels.map(number);
};

const intervals = ['1m', '5m', '10m', '1h', '6h'];

const variables = (backend, own, host) => [
  {
    type: 'datasource',
    name: 'datasource',
    label: 'Data source',
    query: backend.id,
  },
  ...backend.variables({
    type: 'query',
    name: 'host',
    label: 'Host',
    description: 'Several have a section each, or are compared.',
    datasource: { type: backend.id, uid: '${datasource}' },
    multi: true,
    includeAll: false,
    refresh: 2,
    sort: 1,
    ...host,
  }),
  ...own,
  {
    type: 'interval',
    name: 'interval',
    label: 'Interval',
    description:
      'Each point is the mean of so long, of states and counts the highest. No less than is stored.',
    query: intervals.join(','),
    auto: true,
    auto_count: 200,
    auto_min: '1m',
    refresh: 2,
    current: { text: 'auto', value: '$__auto_interval_interval' },
    options: [
      { text: 'auto', value: '$__auto_interval_interval', selected: true },
      ...intervals.map((i) => ({ text: i, value: i, selected: false })),
    ],
  },
];

const accounting = {
  type: 'custom',
  name: 'accounting',
  label: 'Accounting',
  description: 'By which the stack is cut. lru is the reference.',
  query: 'lru,cache,pss',
  current: { text: 'lru', value: 'lru' },
  options: ['lru', 'cache', 'pss'].map((a) => ({ text: a, value: a, selected: a === 'lru' })),
};

const dashboard = (backend, name, title, description, panels, list, time, refresh) => ({
  uid: `meminfo-explain-${backend.id}-${name}`,
  title: `${title} (${backend.title})`,
  description,
  tags: ['meminfo_explain', backend.id],
  schemaVersion: 39,
  editable: true,
  graphTooltip: 1,
  refresh,
  time: { from: time, to: 'now' },
  timezone: 'browser',
  links: [
    {
      title: 'meminfo_explain',
      type: 'dashboards',
      tags: ['meminfo_explain', backend.id],
      asDropdown: false,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
      icon: 'dashboard',
      tooltip: '',
      url: '',
    },
  ],
  annotations: { list: [] },
  templating: { list },
  panels: numbered(panels),
});

export const dashboards = (backend) => [
  dashboard(backend, 'host', 'Where did my memory go: host',
    "A host's memory as the collectd plugin meminfo_explain decomposes it.",
    hostPanels(backend), variables(backend, [accounting], {}), 'now-6h', '1m'),
  dashboard(backend, 'fleet', 'Where did my memory go: fleet',
    'Which hosts lose memory that no counter has.',
    fleetPanels(backend),
    variables(backend, [], { includeAll: true, current: { text: ['All'], value: ['$__all'] } }),
    'now-24h', '5m'),
];
