import { ROWS } from './dashboard-rows.ts';
import type { PanelSpec, QuerySpec, RowSpec } from './dashboard-spec.ts';
import type { Registry } from './registry.ts';

const SELECTOR = 'job=~"$job", instance=~"$instance"';
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;
const COLUMNS = 24;
const ROW_HEIGHT = 1;
const SIZES = { stat: { w: 4, h: 4 }, timeseries: { w: 12, h: 8 } } as const;

type Json = Readonly<Record<string, unknown>>;
type Units = ReadonlyMap<string, string>;

/**
 * A dashboard for Grafana 10 and newer, to be imported or provisioned. Each expression names only metrics of the
 * registry: another name is an error here, and no empty panel there.
 */
export function dashboardOf({ families }: Registry): Json {
  const units = new Map(families.map(({ name }) => [name, unitOf(name)]));
  const panels: Json[] = [];
  let y = 0;
  for (const row of ROWS) {
    panels.push(rowPanel(row, panels.length + 1, y));
    y += ROW_HEIGHT;
    let x = 0;
    for (const spec of row.panels) {
      const { w, h } = SIZES[spec.kind];
      if (x + w > COLUMNS) {
        x = 0;
        y += h;
      }
      panels.push(panelOf(spec, { units, id: panels.length + 1, gridPos: { x, y, w, h } }));
      x += w;
    }
    y += SIZES[row.panels.at(-1)?.kind ?? 'stat'].h;
  }
  return {
    // The server that takes it in gives it one.
    id: null,
    uid: 'ordersync',
    title: 'ordersync: PostgreSQL',
    description: 'Figures of ordersync monitor serve.',
    tags: ['ordersync', 'postgresql'],
    editable: false,
    graphTooltip: 1,
    refresh: '1m',
    schemaVersion: 38,
    version: 1,
    time: { from: 'now-6h', to: 'now' },
    timepicker: {},
    timezone: 'utc',
    annotations: { list: [] },
    links: [],
    templating: {
      list: [
        datasourceVariable(),
        labelVariable('job', 'Job', ''),
        labelVariable('instance', 'Instance', 'job=~"$job"'),
      ],
    },
    panels,
  };
}

interface Place {
  readonly units: Units;
  readonly id: number;
  readonly gridPos: Json;
}

function rowPanel({ title }: RowSpec, id: number, y: number): Json {
  return { id, type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: COLUMNS, h: ROW_HEIGHT }, panels: [] };
}

function panelOf(spec: PanelSpec, { units, id, gridPos }: Place): Json {
  const targets = spec.queries.map((query, index) => targetOf(query, index, units));
  return {
    id,
    type: spec.kind,
    title: spec.title,
    description: spec.description,
    datasource: DATASOURCE,
    gridPos,
    targets: targets.map(({ target }) => target),
    fieldConfig: {
      defaults: {
        unit: spec.unit ?? targets[0]?.unit ?? 'short',
        min: 0,
        ...(spec.thresholds === undefined
          ? {}
          : { color: { mode: 'thresholds' }, thresholds: thresholdsOf(spec.thresholds) }),
      },
      overrides: [],
    },
    options:
      spec.kind === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'background', graphMode: 'area' }
        : {
            legend: { displayMode: 'table', placement: 'right', calcs: ['lastNotNull', 'max'] },
            tooltip: { mode: 'multi', sort: 'desc' },
          },
  };
}

function thresholdsOf({ warn, crit, below }: NonNullable<PanelSpec['thresholds']>): Json {
  const steps = below
    ? [
        { color: 'red', value: null },
        { color: 'orange', value: crit },
        { color: 'green', value: warn },
      ]
    : [
        { color: 'green', value: null },
        { color: 'orange', value: warn },
        { color: 'red', value: crit },
      ];
  return { mode: 'absolute', steps };
}

/** @throws TypeError for a metric that the registry does not have */
function targetOf(
  { expr, legend }: QuerySpec,
  index: number,
  units: Units,
): { target: Json; unit: string | undefined } {
  let unit: string | undefined;
  const full = expr.replaceAll(/\$(?!__)([a-z_]+)(?:\{([^}]*)\})?/g, (_, short: string, labels?: string) => {
    const name = `ordersync_${short}`;
    if (!units.has(name)) throw new TypeError(`the dashboard names ${name}, which no collector has`);
    unit ??= units.get(name);
    return `${name}{${[SELECTOR, ...(labels === undefined ? [] : [labels])].join(', ')}}`;
  });
  const refId = String.fromCodePoint(65 + index);
  return {
    target: { refId, expr: full, legendFormat: legend, datasource: DATASOURCE, editorMode: 'code', range: true },
    unit,
  };
}

/** Names of units in Grafana. */
function unitOf(name: string): string {
  if (name.endsWith('_bytes')) return 'bytes';
  if (name.endsWith('_seconds')) return 's';
  return name.endsWith('_ratio') ? 'percentunit' : 'short';
}

function datasourceVariable(): Json {
  return {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    regex: '',
    hide: 0,
    refresh: 1,
    multi: false,
    includeAll: false,
    skipUrlSync: false,
    options: [],
    current: {},
  };
}

function labelVariable(name: string, label: string, selector: string): Json {
  const query = `label_values(ordersync_up{${selector}}, ${name})`;
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: name },
    definition: query,
    regex: '',
    hide: 0,
    skipUrlSync: false,
    options: [],
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.+',
    current: { text: 'All', value: '$__all' },
    sort: 1,
  };
}
