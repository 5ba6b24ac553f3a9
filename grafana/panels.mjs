// SPDX-License-Identifier: MIT
// The look of panels, independent of their queries.

// A series has the same colour in all panels. Grafana chooses a colour by name
// (palette-classic-by-name) for series that are not listed here, such as callers and
// allocation sites; several of those may share one.
const colours = {
  // free: grey
  mem_free: '#9fa1a3',
  pcp_free: '#6e7073',
  mem_total: 'text',
  // kernel: yellow to brown
  slab: '#e0b400',
  slab_unreclaimable: '#e0b400',
  slab_reclaimable: '#ffee52',
  misc_reclaimable: '#fff899',
  vmalloc: '#ff780a',
  kernel_stack: '#ff9830',
  page_tables: '#ffb357',
  sec_page_tables: '#ffcb7d',
  quicklists: '#ffcb7d',
  percpu: '#c4a000',
  hugetlb: '#8f5e15',
  hardware_corrupted: '#70440a',
  bounce: '#70440a',
  writeback_tmp: '#70440a',
  mmap_copy: '#70440a',
  // processes: blue; files: green
  active_anon: '#1f60c4',
  inactive_anon: '#5794f2',
  anon_pages: '#1f60c4',
  pss: '#1f60c4',
  pss_anon: '#1f60c4',
  pss_shmem: '#5794f2',
  unevictable: '#8ab8ff',
  isolated: '#c0d8ff',
  active: '#5794f2',
  inactive: '#c0d8ff',
  active_file: '#37872d',
  inactive_file: '#73bf69',
  cached: '#37872d',
  pss_file: '#37872d',
  unmapped_cache: '#73bf69',
  buffers: '#96d98d',
  shmem: '#5794f2',
  mapped: '#37872d',
  swap_used: '#b877d9',
  // hidden consumers: violet; balloons: turquoise; memory allocated at boot: grey
  zram: '#a352cc',
  zswap: '#ca95e5',
  zsmalloc: '#7c2ea3',
  brd: '#806eb7',
  swiotlb_dynamic: '#614d93',
  swiotlb_transient: '#dedaf7',
  virtio_balloon: '#1f9c9c',
  vmware_balloon: '#33c4c4',
  hyperv_balloon: '#66d9d9',
  xen_balloon: '#0f6e6e',
  zfs_abd: '#508642',
  gpu: '#badff4',
  dma_buf_heap: '#6ed0e0',
  page_pool: '#f4d598',
  ftrace: '#eab839',
  ftrace_records: '#cca300',
  block_queues: '#b877d9',
  integrity_pool: '#deb6f2',
  dma_pools: '#447ebc',
  boot_leak: '#a16a94',
  cma: '#82b5d8',
  hash_tables: '#787878',
  memmap: '#a0a0a0',
  other: '#c7d0d9',
  // the black hole: red and purple
  'black hole': '#e02f44',
  estimate: '#e02f44',
  'lower bound': '#e02f44',
  'upper bound': '#e02f44',
  'above floor': '#fa6400',
  unexplained: '#ff7383',
  lru: '#3274d9',
  cache: '#56a64b',
  rate: '#fa6400',
  'time left': '#8f3bb8',
};

const colourOf = (name) => ({
  matcher: { id: 'byName', options: name },
  properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: colours[name] } }],
});

// An override for the series of this name; properties e.g. {'custom.fillOpacity': 0}.
export const series = (name, properties) => ({
  matcher: { id: 'byName', options: name },
  properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
});

// The names with a colour that a wildcard for the view may match.
const namesOf = {
  hidden: ['zram', 'zswap', 'zsmalloc', 'virtio_balloon', 'vmware_balloon', 'zfs_abd', 'gpu',
    'dma_buf_heap', 'page_pool', 'ftrace', 'ftrace_records', 'block_queues', 'integrity_pool',
    'dma_pools', 'boot_leak', 'brd', 'cma', 'swiotlb_dynamic', 'swiotlb_transient',
    'hash_tables', 'memmap', 'other'],
  outside: ['virtio_balloon', 'hyperv_balloon', 'xen_balloon'],
  vmalloc: ['other'],
  alloc_site: ['other'],
  kernel: ['slab', 'slab_reclaimable', 'slab_unreclaimable', 'misc_reclaimable', 'vmalloc',
    'kernel_stack', 'page_tables', 'sec_page_tables', 'quicklists', 'percpu', 'hugetlb',
    'hardware_corrupted', 'bounce', 'writeback_tmp', 'mmap_copy'],
  user: ['active_anon', 'inactive_anon', 'active_file', 'inactive_file',
    'active', 'inactive', 'unevictable', 'isolated', 'anon_pages', 'cached', 'buffers', 'pss',
    'pss_anon', 'pss_file', 'pss_shmem', 'unmapped_cache'],
};

// Legends: a text, or one of these, which name a series by its instance or its host.
export const byName = (...views) => ({ by: 'name', names: views.flatMap((v) => namesOf[v] ?? []) });
export const listed = (...names) => ({ by: 'name', names });
export const byHost = { by: 'host', names: [] };

// signed: the values may be negative, so the axis must not start at 0.
const field = ({ unit, signed = false, decimals, noValue, mappings, max }, custom) => ({
  unit,
  ...(signed ? {} : { min: 0 }),
  ...(max === undefined ? {} : { max }),
  ...(decimals === undefined ? {} : { decimals }),
  ...(noValue === undefined ? {} : { noValue }),
  ...(mappings === undefined ? {} : { mappings }),
  color: { mode: 'palette-classic-by-name' },
  ...(custom === undefined ? {} : { custom }),
});

const kinds = {
  timeseries: (spec) => ({
    fieldConfig: {
      defaults: field(spec, {
        drawStyle: 'line',
        lineInterpolation: spec.steps ? 'stepAfter' : 'linear',
        lineWidth: 1,
        fillOpacity: spec.stacked ? 70 : 0,
        showPoints: 'auto',
        spanNulls: false,
        stacking: { mode: spec.stacked ? 'normal' : 'none', group: 'A' },
      }),
    },
    options: {
      legend: {
        ...(spec.width > 12
          ? { displayMode: 'table', placement: 'right' }
          : { displayMode: 'list', placement: 'bottom' }),
        showLegend: true,
        calcs: ['lastNotNull', 'max'],
      },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  }),
  stat: (spec) => ({
    fieldConfig: {
      defaults: {
        ...field(spec),
        color: { mode: spec.mappings ? 'thresholds' : 'fixed', fixedColor: spec.colour ?? 'text' },
      },
    },
    options: {
      // 'last', not 'lastNotNull': a series that ended has no current value.
      reduceOptions: { values: false, calcs: ['last'], fields: '' },
      colorMode: spec.mappings ? 'background' : 'value',
      graphMode: 'none',
      justifyMode: 'auto',
      textMode: 'value',
      orientation: 'auto',
      wideLayout: true,
      showPercentChange: false,
      percentChangeColorMode: 'standard',
    },
  }),
  bargauge: (spec) => ({
    fieldConfig: { defaults: { ...field(spec), color: { mode: 'fixed', fixedColor: spec.colour } } },
    options: {
      reduceOptions: { values: false, calcs: ['lastNotNull'], fields: '' },
      displayMode: 'basic',
      valueMode: 'text',
      orientation: 'horizontal',
      namePlacement: 'left',
      showUnfilled: false,
      sizing: 'auto',
      minVizHeight: 16,
      minVizWidth: 8,
      maxVizHeight: 32,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
    },
  }),
  'state-timeline': (spec) => ({
    fieldConfig: {
      defaults: {
        ...field(spec, { fillOpacity: 80, lineWidth: 0 }),
        color: { mode: 'thresholds' },
      },
    },
    options: {
      mergeValues: true,
      showValue: 'auto',
      alignValue: 'left',
      rowHeight: 0.9,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
      tooltip: { mode: 'single', sort: 'none' },
    },
  }),
  heatmap: (spec) => ({
    fieldConfig: { defaults: { custom: { scaleDistribution: { type: 'linear' } } } },
    options: {
      calculate: true,
      calculation: { yBuckets: { mode: 'count', value: '20' } },
      color: {
        mode: 'scheme',
        scheme: 'Reds',
        fill: 'red',
        steps: 64,
        exponent: 0.5,
        scale: 'exponential',
        reverse: false,
      },
      cellGap: 1,
      showValue: 'never',
      exemplars: { color: 'rgba(255,0,255,0.7)' },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      tooltip: { mode: 'single', yHistogram: false },
      yAxis: { axisPlacement: 'left', unit: spec.unit, min: 0 },
    },
  }),
};

// panel(kind, spec): spec has title, description, unit, targets [[legend, query]...], width
// and height in Grafana's grid of 24 columns, and options of the kind.
export const panel = (kind, spec) => (backend) => {
  const look = kinds[kind](spec);
  const names = kind === 'timeseries'
    ? spec.targets.flatMap(([legend]) => legend.names ?? [legend]).filter((name) => name in colours)
    : [];
  const overrides = [...names.map(colourOf), ...(spec.rules ?? [])];
  return {
    type: kind,
    title: spec.title,
    description: spec.description,
    datasource: { type: backend.id, uid: '${datasource}' },
    gridPos: { w: spec.width, h: spec.height, x: 0, y: 0 },
    ...(spec.timeFrom ? { timeFrom: spec.timeFrom } : {}),
    ...(spec.maxDataPoints ? { maxDataPoints: spec.maxDataPoints } : {}),
    fieldConfig: {
      defaults: {
        ...look.fieldConfig.defaults,
        ...(spec.links ? { links: spec.links(backend) } : {}),
      },
      overrides,
    },
    options: look.options,
    targets: spec.targets.map(([legend, query], i) =>
      backend.target(legend, query(backend), String.fromCharCode(65 + i), spec)),
  };
};

// The states of the alarm, black_hole/count-state.
export const states = [
  {
    type: 'value',
    options: {
      0: { index: 0, text: 'okay', color: 'green' },
      1: { index: 1, text: 'step', color: 'blue' },
      2: { index: 2, text: 'rising', color: 'orange' },
      3: { index: 3, text: 'failing', color: 'red' },
    },
  },
];
