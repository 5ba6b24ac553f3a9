// SPDX-License-Identifier: MIT
// Draws the panels in window.input, which draw.mjs writes. Uses the components of Grafana's own
// panels with the options in the dashboard's JSON.
import {
  applyFieldOverrides,
  createTheme,
  dateTime,
  FieldConfigOptionsRegistry,
  getFieldDisplayValues,
  toDataFrame,
} from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, ThemeContext, TimeSeries } from '@grafana/ui';
import { Component } from 'react';
import { createRoot } from 'react-dom/client';

const { input } = window;
const theme = createTheme({ colors: { mode: 'dark' } });
const range = { from: dateTime(input.from), to: dateTime(input.until) };
const timeRange = { ...range, raw: range };
const errors = [];

// Grafana's registry of field options is not in its packages. This one accepts the options
// that the panel uses, unchanged.
function registryOf({ defaults, overrides }) {
  const { custom = {}, ...standard } = defaults;
  const ids = new Set([
    ...Object.keys(standard),
    ...Object.keys(custom).map((name) => `custom.${name}`),
    ...overrides.flatMap(({ properties }) => properties.map(({ id }) => id)),
  ]);
  ids.delete('links');
  return new FieldConfigOptionsRegistry(() => [...ids].map((id) => ({
    id,
    name: id,
    path: id.replace(/^custom\./, ''),
    isCustom: id.startsWith('custom.'),
    process: (value) => value,
    shouldApply: () => true,
  })));
}

const fieldsOf = ({ fieldConfig, series }) => applyFieldOverrides({
  data: series.map(toDataFrame),
  fieldConfig,
  fieldConfigRegistry: registryOf(fieldConfig),
  replaceVariables: (text) => text,
  theme,
  timeZone: 'utc',
});

const kinds = {
  timeseries: ({ panel, frames, width, height }) => (
    <TimeSeries frames={frames} structureRev={1} timeRange={timeRange} timeZone="utc"
      width={width} height={height} legend={panel.options.legend} options={panel.options} />
  ),
  stat: ({ panel: { options, fieldConfig }, frames, width, height }) => {
    const [value] = getFieldDisplayValues({
      fieldConfig,
      reduceOptions: options.reduceOptions,
      replaceVariables: (text) => text,
      theme,
      data: frames,
      timeZone: 'utc',
    });
    return <BigValue value={value.display} count={1} theme={theme} width={width} height={height}
      colorMode={options.colorMode} graphMode={options.graphMode} textMode={options.textMode}
      justifyMode={options.justifyMode} wideLayout={options.wideLayout} />;
  },
};

// Reports a panel that cannot be drawn.
class Guarded extends Component {
  state = {};

  static getDerivedStateFromError = (error) => ({ error });

  componentDidCatch(error) {
    errors.push(`${this.props.title}: ${error.stack}`);
  }

  render() {
    return this.state.error ? null : this.props.children;
  }
}

function Panel({ panel }) {
  const { x, y, w, h } = panel.gridPos;
  const gap = 8, column = (input.width + gap) / 24;
  const [width, height] = [w * column - gap, h * input.cell - gap];
  const place = { position: 'absolute', left: x * column, top: y * input.cell, width, height };
  if (panel.type === 'row') {
    return <div style={{ ...place, color: theme.colors.text.primary, fontSize: 18, fontWeight: 500 }}>
      {input.title}: {panel.title}
    </div>;
  }
  const Kind = kinds[panel.type];
  const frames = fieldsOf(panel);
  return <div style={place}>
    <PanelChrome title={panel.title} width={width} height={height}
      padding={panel.type === 'stat' ? 'none' : 'md'}>
      {(width, height) => (
        <Guarded title={panel.title}>
          <Kind panel={panel} frames={frames} width={width} height={height} />
        </Guarded>
      )}
    </PanelChrome>
  </div>;
}

createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <div style={{ position: 'relative', margin: 8 }}>
      {input.panels.map((panel) => <Panel key={panel.id} panel={panel} />)}
    </div>
  </ThemeContext.Provider>
);
window.addEventListener('error', ({ message }) => errors.push(message));
setTimeout(() => {
  errors.forEach((error) => console.error(error));
  console.log(`drawn: ${input.panels.length} panels, ${errors.length} errors`);
}, 5000);
