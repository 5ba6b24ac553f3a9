// SPDX-License-Identifier: MIT
// The dashboards: the queries of each panel, and a description for the person on call.
// Panels outside the collapsed row need only the default series.
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
      "The state of the plugin's leak detection for the black hole. okay: nothing to do. step: the " +
      'black hole jumped to a new level; check what was started. rising: a leak; see below what ' +
      'grows with it, and run meminfo-explain on the host. failing: memory will last less than a ' +
      'day, or much of it is lost; move important services to other hosts first.',
    unit: 'none',
    mappings: states,
    noValue: 'no data',
    targets: [[byHost, (q) => q.present(hole, 'count', 'state')]],
  }),
  panel('stat', {
    ...small,
    title: 'Black hole',
    description:
      'Memory that no counter of /proc/meminfo includes: the best of the three accountings. The ' +
      'normal size differs between hosts; what matters is whether it grows.',
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
      'Growth of the black hole above its minimum since collectd started. The minimum, the floor, ' +
      'is what the boot allocated: hash tables, rings of drivers. This is what was allocated since.',
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
      'Growth rate of the black hole: a robust slope over at least half an hour. Below zero: ' +
      'memory is freed. No value until there is enough history after a start of collectd.',
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
      'Time until MemAvailable is used up at the current rate. There is a value only while the ' +
      'black hole grows. Less than a day: plan a restart of what leaks, or a reboot, now.',
    unit: 's',
    noValue: '–',
    colour: '#8f3bb8',
    targets: [[byHost, (q) => q.present(hole, 'duration', 'eta')]],
  }),
  panel('stat', {
    ...small,
    title: 'MemAvailable',
    description:
      "The kernel's estimate of the memory that programs can allocate without swapping. If it is " +
      'small and the black hole is large, the black hole is the cause. If the black hole is as ' +
      'usual, look for processes, page cache or slab in the stack below.',
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
      'Every byte of MemTotal, counted once and stacked up to the MemTotal line: the kernel, ' +
      'processes and files by the accounting selected above, the black hole (red) and free memory ' +
      '(grey). The answer is what grows while the grey shrinks. The three accountings differ only ' +
      'in how they divide processes and files: lru by LRU lists, cache by page cache and ' +
      'AnonPages, pss by what processes have mapped.',
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
      'The estimate with its error band, and the growth above the floor. A step smaller than the ' +
      'band is noise. No band: the error has no known bound, because a file could not be read. If ' +
      'it keeps growing, see the next panel for what holds it.',
    unit: 'bytes',
    signed: true,
    targets: [
      ['lower bound', (q) =>
        q.minus(q.average(hole, 'signed_bytes', 'estimate'), q.average(hole, 'bytes', 'error'))],
      ['upper bound', (q) =>
        q.plus(q.average(hole, 'signed_bytes', 'estimate'), q.average(hole, 'bytes', 'error'))],
      ['estimate', (q) => q.average(hole, 'signed_bytes', 'estimate')],
      ['above floor', (q) => q.average(hole, 'signed_bytes', 'above_floor')],
    ],
    rules: [
      series('lower bound', { 'custom.lineWidth': 0 }),
      series('upper bound', {
        'custom.lineWidth': 0,
        'custom.fillBelowTo': 'lower bound',
        'custom.fillOpacity': 25,
      }),
      series('estimate', { 'custom.lineWidth': 2 }),
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Hidden consumers and unexplained memory',
    description:
      'What drivers report of their pages in the black hole (balloons, zram, GPU, trace buffers ' +
      'and others), and on top what remains unexplained. If a consumer grows, look into that ' +
      'consumer. If only unexplained grows, it is a driver, BPF, pipes or sockets; run sudo ' +
      'meminfo-explain on the host. Below zero: a consumer reports more than it has in the black ' +
      'hole.',
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
      'The black hole without the hidden consumers: no driver reports this memory. It should be ' +
      'flat. If it grows, check what was deployed, loaded or plugged in when the growth began. ' +
      'Consumers whose file could not be read are part of it: see sources_denied in Quality.',
    unit: 'bytes',
    signed: true,
    targets: [
      ['unexplained', (q) => q.average(hole, 'signed_bytes', 'unexplained')],
      ['hidden', (q) => q.average(hole, 'signed_bytes', 'hidden')],
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Rate and time left',
    description:
      'Growth rate of the black hole (left), and how long MemAvailable will last at that rate ' +
      '(right; only while it grows). A rate that stays above zero for hours is a leak, however ' +
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
      'The same memory, counted in three independent ways. The lines should coincide. lru above ' +
      'cache: unmapped swap cache, or pages that only a pin holds (leaked pages that are still on ' +
      'the LRU: see lru_cache in Identities). pss differs from both: processes could not be read, ' +
      'see Pss. No line: this accounting is not known on this host.',
    unit: 'bytes',
    signed: true,
    targets: ['lru', 'cache', 'pss'].map((name) =>
      [name, (q) => q.average(hole, 'signed_bytes', name)]),
  }),
  panel('timeseries', {
    ...half,
    title: 'Callers of vmalloc',
    description:
      'The largest callers of vmalloc by name, and the sum of the others. This memory is ' +
      'accounted for (vmalloc in the stack). If a caller keeps growing, its code leaks: BPF maps, ' +
      'modules, thread stacks (kernel_clone). No lines: reading /proc/vmallocinfo needs root or ' +
      'CAP_DAC_READ_SEARCH.',
    unit: 'bytes',
    stacked: true,
    targets: [[byName('vmalloc'), (q) => q.aboveZero(q.average('vmalloc', 'bytes', '*'))]],
  }),
  panel('timeseries', {
    ...third,
    title: 'Removed from MemTotal',
    description:
      'removed: how much MemTotal is below its maximum since collectd started; and what balloons ' +
      'hold outside MemTotal. If it grows, the hypervisor took memory; ask its administrator. It ' +
      'is not part of the black hole. AllSeries adds memory that was never in MemTotal: bounce ' +
      'buffers, struct pages allocated at boot.',
    unit: 'bytes',
    targets: [
      ['removed', (q) => q.average('total', 'bytes', 'removed')],
      [byName('outside'), (q) => q.average('outside', 'bytes', '*')],
    ],
  }),
  panel('timeseries', {
    ...third,
    title: 'Shared memory and swap',
    description:
      'Shmem (tmpfs and shared memory), which counts as cache but cannot be dropped, and swap in ' +
      'use. They overlap the terms stacked above. If Shmem grows, see df -t tmpfs and ipcs -m.',
    unit: 'bytes',
    targets: [[listed('shmem', 'swap_used'), (q) =>
      q.average('detail', 'bytes', ['shmem', 'swap_used'])]],
  }),
  panel('timeseries', {
    ...third,
    title: 'Identities',
    description:
      'Residuals of equations between counters, which check the explanation. lru_cache: pages on ' +
      'the LRU that are in no cache; if it grows without swapping, pages leak while they are still ' +
      'on the LRU. pss_mapped_anon: the sum of Pss compared with AnonPages + Mapped; far from 0 ' +
      'if processes could not be read.',
    unit: 'bytes',
    signed: true,
    targets: [[byName('identity'), (q) =>
      q.average('identity', 'signed_bytes', ['lru_cache', 'pss_mapped_anon'])]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Pss: coverage and error',
    description:
      'Share of process memory that was read (left), and the error of the sum of Pss (right). ' +
      'Below 100 %: reading some processes is denied; collectd needs root or CAP_SYS_PTRACE. If ' +
      'the error is large, the pss accounting is not sent; the other two do not depend on it.',
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
      'How far to trust the numbers. sources_denied: files that collectd may not read (see ' +
      'docs/privileges.md). sources_malformed: files that the plugin cannot parse; the log of ' +
      'collectd names file and line. identities_broken: equations whose residual exceeds the ' +
      'tolerance; the kernel counts something in a way the plugin does not know. All should be 0; ' +
      'a constant sources_denied means a missing privilege.',
    unit: 'none',
    decimals: 0,
    steps: true,
    targets: [[byName('quality'), (q) => q.highest('quality', 'count',
      ['sources_denied', 'sources_malformed', 'identities_broken'])]],
  }),
  panel('state-timeline', {
    width: 24,
    height: 5,
    title: 'Alarm states',
    description:
      'The state of the alarm for the black hole, and the worst state of the five other watched ' +
      'series (unreclaimable slab, vmalloc, page tables, pages on the LRU in no cache, unexplained ' +
      "memory). The plugin's notification in collectd's log names the series and the command to " +
      'run; AllSeries sends the rate of each.',
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
      'Needs AllSeries. The residuals of all equations, which collectd-meminfo_explain(5) lists. ' +
      'Those marked >= there may be large and positive; the others should be near 0.',
    unit: 'bytes',
    signed: true,
    targets: [[byName('identity'), (q) => q.average('identity', 'signed_bytes', '*')]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Allocation sites of the black hole',
    description:
      'Needs AllSeries, and Linux 6.10 with vm.mem_profiling=1. The functions that allocated the ' +
      'memory in the black hole: the one that keeps growing is the leak.',
    unit: 'bytes',
    stacked: true,
    targets: [[byName('alloc_site'), (q) => q.aboveZero(q.average('alloc_site', 'bytes', '*'))]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Cost',
    description:
      'Needs AllSeries. Time to read everything but the processes, and CPU time of the last scan ' +
      'of the processes. PssBudget (percent of one CPU) limits the latter.',
    unit: 's',
    targets: [[byName('quality'), (q) => q.average('quality', 'duration', ['read', 'pss'])]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Age of slow readings',
    description:
      'Needs AllSeries. Age of the oldest smaps reading in the sums, and of vmallocinfo. If it is ' +
      'hours, PssBudget is small for so many processes; bytes-pss_error includes the effect.',
    unit: 's',
    targets: [[byName('quality'), (q) =>
      q.average('quality', 'duration', ['pss_age', 'vmalloc_age'])]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Parts of the error',
    description:
      'Needs AllSeries. tear: bound on the error because the files of a sample are read one after ' +
      'the other. pss_estimated: Pss that was estimated, not read. unexplained_error: bound on the ' +
      "error of unexplained memory; large if a consumer's file could not be read.",
    unit: 'bytes',
    targets: [
      [byName('quality'), (q) => q.average('quality', 'bytes', ['tear', 'pss_estimated'])],
      [byName(hole), (q) => q.average(hole, 'bytes', 'unexplained_error')],
    ],
  }),
  panel('timeseries', {
    ...half,
    title: 'Problems with reading',
    description:
      'Needs AllSeries. Malformed lines, unknown lines of meminfo (a new kernel: please report), ' +
      'samples that were taken again, and processes that were denied, estimated, or whose files ' +
      'hang when they are read.',
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
      'Needs AllSeries. Growth rates of unreclaimable slab, vmalloc, page tables, unexplained ' +
      'memory, and pages on the LRU in no cache. The plugin sends a notification for each. If slab ' +
      'grows, run slabtop.',
    unit: 'binBps',
    signed: true,
    targets: [[byName('trend'), (q) => q.average('trend', 'bytes_rate', '*')]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Memory inside other terms, and upper bounds',
    description:
      'Needs AllSeries. Memory of drivers that is inside other terms of the stack (i915 in Shmem, ' +
      'IOMMU in SecPageTables), and upper bounds of what may be in the black hole (sockets, nfsd, ' +
      'GPU mappings). Neither is subtracted; they are hints to unexplained memory.',
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
      'Needs AllSeries. Memory that is mapped, locked, in huge pages, waiting to be written, or ' +
      'both in swap and in memory; it overlaps the terms of the stack. If dirty_total stays high, ' +
      'storage is too slow. If mlocked grows, a program locks memory, which cannot be reclaimed.',
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
    title: 'Reporting hosts',
    description:
      'Hosts with a value in the last ten minutes. If some are missing, the alert ' +
      'MeminfoExplainSilent names those that stopped within the last day.',
    unit: 'none',
    noValue: '0',
    targets: [['hosts', (q) => q.count(q.raw('total', 'bytes', 'mem_total'))]],
  }),
  panel('stat', {
    ...small,
    ...now,
    title: 'Rising',
    description: 'Hosts whose black hole keeps growing (state 2 or 3). The panels below name them.',
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
      'Hosts whose memory will last less than a day, or that lost much of it (state 3). Move ' +
      'important services away from them first.',
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
      'Hosts whose black hole jumped to a new level in the last minutes (state 1). Many at the ' +
      'same time: a deployment.',
    unit: 'none',
    noValue: '0',
    colour: 'blue',
    targets: [['stepped', (q) => q.countWithin(q.raw(hole, 'count', 'state'), 1, 1)]],
  }),
  panel('stat', {
    ...small,
    ...now,
    title: 'Malformed files',
    description:
      'Hosts with a file of /proc or /sys that the plugin cannot parse. It may come with a new ' +
      "kernel: collectd's log on the host names file and line; please report it.",
    unit: 'none',
    noValue: '0',
    targets: [['hosts', (q) => q.countWithin(q.raw('quality', 'count', 'sources_malformed'), 1, 1000000)]],
  }),
  panel('stat', {
    ...small,
    ...now,
    title: 'Sum of black holes',
    description: 'Memory in the black holes of all hosts: what the problem costs.',
    unit: 'bytes',
    signed: true,
    noValue: 'no data',
    colour: '#e02f44',
    targets: [['black holes', (q) => q.sum(q.raw(hole, 'signed_bytes', 'estimate'))]],
  }),
];

const topHosts = (spec) => panel('bargauge', {
  width: 8, height: 14, ...now, instant: true, links: toHost, ...spec,
});

const fleetGraphs = [
  topHosts({
    title: 'Largest above the floor',
    description:
      'The 20 hosts whose black hole grew most since their collectd started. Click a host to see ' +
      'it. A restart of collectd resets it to 0.',
    unit: 'bytes',
    signed: true,
    colour: '#fa6400',
    noValue: 'no data',
    targets: [[byHost, (q) => q.top(q.raw(hole, 'signed_bytes', 'above_floor'))]],
  }),
  topHosts({
    title: 'Fastest growth',
    description:
      'The 20 hosts whose black hole grows fastest. Those that are also in "In warning" have a ' +
      'leak; the others may still be noise.',
    unit: 'binBps',
    signed: true,
    colour: '#fa6400',
    noValue: 'no data',
    targets: [[byHost, (q) => q.top(q.raw(hole, 'bytes_rate', 'estimate'))]],
  }),
  topHosts({
    title: 'Least time left',
    description:
      'The 20 hosts that will use up MemAvailable first at the current rate of their black hole. ' +
      'Less than a day: act today. Empty: no black hole grows.',
    unit: 's',
    colour: '#8f3bb8',
    noValue: '–',
    targets: [[byHost, (q) => q.bottom(q.raw(hole, 'duration', 'eta'))]],
  }),
  panel('state-timeline', {
    ...half,
    title: 'In warning',
    description:
      'Hosts whose black hole was in state rising or failing, and when. Many that began at the ' +
      'same time have a common cause: a kernel, a driver, a deployment. Empty: no host.',
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
      'Hosts on which unreclaimable slab, vmalloc, page tables, pages on the LRU in no cache or ' +
      'unexplained memory was in state rising or failing: the worst of these states. The ' +
      "plugin's notification in collectd's log names the series and the command to run. Empty: no " +
      'host.',
    unit: 'none',
    mappings: states,
    noValue: 'none',
    links: toHost,
    targets: [[byHost, (q) => q.everAtLeast(q.highest('trend', 'count', 'worst'), 2)]],
  }),
  panel('heatmap', {
    ...half,
    maxDataPoints: 48, // the only panel that sends the points of all hosts to the browser
    title: 'Black hole, percent of MemTotal',
    description:
      'How many hosts have how much of their memory in the black hole. The dark band is what is ' +
      'normal in your fleet; a line that leaves it upwards is a leak, a second band another kernel ' +
      'or driver.',
    unit: 'percent',
    targets: [[byHost, (q) => q.average(hole, 'percent', 'estimate')]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Above the floor, the 20 highest',
    description:
      'When the memory was allocated. A slope is a leak, a step is something that was started, a ' +
      'sawtooth is normal use.',
    unit: 'bytes',
    signed: true,
    links: toHost,
    targets: [[byHost, (q) => q.topOverTime(q.average(hole, 'signed_bytes', 'above_floor'))]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Removed from MemTotal, the 20 highest',
    description:
      'How much MemTotal is below its maximum since collectd started: balloons, memory that was ' +
      'taken offline. Many hosts at the same time: their hypervisor is short of memory.',
    unit: 'bytes',
    links: toHost,
    targets: [[byHost, (q) => q.topOverTime(q.average('total', 'bytes', 'removed'))]],
  }),
  panel('timeseries', {
    ...half,
    title: 'Denied files, the 20 highest',
    description:
      'Files that collectd may not read. More than yesterday: collectd lost a privilege, for ' +
      'example by an update of its unit or of a security module.',
    unit: 'none',
    decimals: 0,
    steps: true,
    links: toHost,
    targets: [[byHost, (q) => q.topOverTime(q.highest('quality', 'count', 'sources_denied'))]],
  }),
];

// --- dashboards ------------------------------------------------------------------------

// Places panels from left to right, then down, from row `from` on. Returns them and the row
// after the last.
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
    row('$host: details, need AllSeries true', end, { collapsed: true, repeat: 'host', panels: more }),
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
    description: 'If several are selected, each has its own section, or they are compared.',
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
      'Each point is the mean over this time, or the maximum for states and counts. Do not choose ' +
      'less than the resolution that is stored.',
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
  description: 'How the stack divides processes and files. lru is the reference.',
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
    'The memory of a host as the collectd plugin meminfo_explain explains it.',
    hostPanels(backend), variables(backend, [accounting], {}), 'now-6h', '1m'),
  dashboard(backend, 'fleet', 'Where did my memory go: fleet',
    'Hosts that lose memory which no counter includes.',
    fleetPanels(backend),
    variables(backend, [], { includeAll: true, current: { text: ['All'], value: ['$__all'] } }),
    'now-24h', '5m'),
];
