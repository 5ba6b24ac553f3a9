// SPDX-License-Identifier: MIT
// Grafana's types of a dashboard, stricter where they allow any value.
import type * as schema from '@grafana/schema';
import type * as BarGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as Heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as StateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type { TypeMath, TypeReduce, TypeThreshold } from '@grafana/grafana-foundation-sdk/expr';
import type { Dataquery as PrometheusQuery } from '@grafana/grafana-foundation-sdk/prometheus';

// JSON has the values of enums as strings.
type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends readonly (infer U)[]
      ? Json<U>[]
      : T extends object
        ? { [K in keyof T]: Json<T[K]> }
        : T;

// In no package: public/app/plugins/datasource/graphite/types.ts.
interface GraphiteQuery {
  refId: string;
  target: string;
  textEditor: boolean;
}

type Defaults<Custom> = Omit<schema.FieldConfig, 'custom'> & { custom?: Custom };
type Property<Custom> =
  | { [K in keyof schema.FieldConfig]-?: { id: K; value: schema.FieldConfig[K] | null } }[
      keyof schema.FieldConfig]
  | { [K in keyof Custom & string]-?: { id: `custom.${K}`; value: Custom[K] } }[
      keyof Custom & string];

type PanelOf<Type extends string, Options, Custom, Query> = Omit<
  schema.Panel, 'type' | 'options' | 'fieldConfig' | 'targets' | 'description'
> & {
  type: Type;
  description: string; // on every panel
  options: Options;
  fieldConfig: {
    defaults: Defaults<Custom>;
    overrides: { matcher: { id: 'byName'; options: string }; properties: Property<Custom>[] }[];
  };
  targets: Query[];
};

type AnyPanel<Query> =
  | PanelOf<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig, Query>
  | PanelOf<'stat', Stat.Options, never, Query>
  | PanelOf<'bargauge', BarGauge.Options, never, Query>
  | PanelOf<'state-timeline', StateTimeline.Options, StateTimeline.FieldConfig, Query>
  | PanelOf<'heatmap', Heatmap.Options, Heatmap.FieldConfig, Query>;

// The members of an interval variable are not in schema.VariableModel
// (packages/grafana-data/src/types/templateVars.ts).
type Variable = schema.VariableModel & { auto?: boolean; auto_count?: number; auto_min?: string };

type DashboardOf<Query> = Json<
  Omit<schema.Dashboard, 'panels' | 'templating'> & {
    templating: { list: Variable[] };
    panels: (AnyPanel<Query> | (Omit<schema.RowPanel, 'panels'> & { panels: AnyPanel<Query>[] }))[];
  }
>;

export type GraphiteDashboard = DashboardOf<GraphiteQuery>;
export type PrometheusDashboard = DashboardOf<
  Omit<PrometheusQuery, '_implementsDataqueryVariant'> & { refId: string }
>;

// The format of alert files: pkg/services/provisioning/alerting/rules_types.go.
type Plain<T> = Omit<Json<T>, '_implementsDataqueryVariant'>;
type Expression = Plain<TypeMath> | Plain<TypeReduce> | Plain<TypeThreshold>;

export interface AlertFile {
  apiVersion: 1;
  groups: {
    orgId: number;
    name: string;
    folder: string;
    interval: string;
    rules: {
      uid: string;
      title: string;
      condition: string;
      for: string;
      noDataState: 'OK' | 'NoData' | 'Alerting' | 'KeepLast';
      execErrState: 'OK' | 'Error' | 'Alerting' | 'KeepLast';
      dashboardUid: string;
      panelId: number;
      labels: { severity: 'info' | 'warning' | 'critical' };
      annotations: { summary: string; description: string; runbook: string };
      data: (
        | {
            refId: string;
            relativeTimeRange: { from: number; to: number };
            datasourceUid: 'meminfo-explain-graphite';
            model: GraphiteQuery;
          }
        | { refId: string; datasourceUid: '__expr__'; model: Expression }
      )[];
    }[];
  }[];
}
