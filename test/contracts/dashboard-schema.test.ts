import { expect, it } from 'vitest';
import { run } from '../support/io.ts';

/**
 * The classic dashboard model as Grafana publishes it (kinds/dashboard/dashboard_kind.cue, and the page "Dashboard JSON
 * model" of its documentation). A member that is not listed would be ignored or refused there.
 */
type Form = (value: unknown) => boolean;
interface Members {
  readonly [name: string]: Form;
}

const text: Form = (value) => typeof value === 'string' && value !== '';
const anyText: Form = (value) => typeof value === 'string';
const flag: Form = (value) => typeof value === 'boolean';
const whole: Form = (value) => Number.isInteger(value) && Number(value) >= 0;
const open: Form = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const oneOf =
  (...values: readonly unknown[]): Form =>
  (value) =>
    values.includes(value);
const list =
  (of: Form): Form =>
  (value) =>
    Array.isArray(value) && value.every(of);

const DASHBOARD: Members = {
  id: oneOf(null),
  uid: (value) => text(value) && String(value).length >= 8 && String(value).length <= 40,
  title: text,
  description: text,
  tags: list(text),
  editable: flag,
  graphTooltip: oneOf(0, 1, 2),
  refresh: (value) => /^\d+[smhd]$/.test(String(value)),
  schemaVersion: (value) => whole(value) && Number(value) >= 36,
  version: whole,
  time: open,
  timepicker: open,
  timezone: oneOf('utc', 'browser'),
  annotations: open,
  links: list(open),
  templating: open,
  panels: list(open),
};
const GRID: Members = {
  h: (value) => whole(value) && Number(value) > 0,
  w: (value) => whole(value) && Number(value) > 0 && Number(value) <= 24,
  x: (value) => whole(value) && Number(value) < 24,
  y: whole,
};
const SOURCE: Members = { type: oneOf('prometheus'), uid: oneOf('${datasource}') };
const ROW: Members = {
  id: whole,
  type: oneOf('row'),
  title: text,
  collapsed: flag,
  gridPos: open,
  panels: list(open),
};
const PANEL: Members = {
  id: whole,
  type: oneOf('stat', 'timeseries'),
  title: text,
  description: text,
  datasource: open,
  gridPos: open,
  targets: list(open),
  fieldConfig: open,
  options: open,
};
/** The query model of the Prometheus data source. */
const TARGET: Members = {
  refId: text,
  expr: text,
  legendFormat: text,
  datasource: open,
  editorMode: oneOf('code', 'builder'),
  range: flag,
};
const VARIABLE: Members = {
  name: text,
  label: text,
  type: oneOf('datasource', 'query'),
  query: (value) => text(value) || open(value),
  datasource: open,
  definition: text,
  regex: anyText,
  hide: oneOf(0, 1, 2),
  refresh: oneOf(0, 1, 2),
  sort: whole,
  multi: flag,
  includeAll: flag,
  allValue: text,
  skipUrlSync: flag,
  options: list(open),
  current: open,
};
const OF_QUERIES = ['datasource', 'definition', 'allValue', 'sort'];

type Json = Readonly<Record<string, unknown>>;

function faultsOf(where: string, value: Json, members: Members, optional: readonly string[] = []): string[] {
  const strange = Object.keys(value).filter((name) => !Object.hasOwn(members, name));
  const missing = Object.keys(members).filter((name) => !(name in value) && !optional.includes(name));
  const wrong = Object.entries(members).filter(([name, form]) => name in value && !form(value[name]));
  return [
    ...strange.map((name) => `${where}.${name} is not in the model`),
    ...missing.map((name) => `${where}.${name} is missing`),
    ...wrong.map(([name]) => `${where}.${name} is ${JSON.stringify(value[name])}`),
  ];
}

const { stdout } = await run(['monitor', 'dashboard']);
const model = JSON.parse(stdout) as Json & {
  panels: Json[];
  time: Json;
  templating: { list: Json[] };
  annotations: { list: unknown };
};
const rows = model.panels.filter(({ type }) => type === 'row');
const panels = model.panels.filter(({ type }) => type !== 'row');

it('has the members of the published model, each of its type, and no others', () => {
  expect(faultsOf('dashboard', model, DASHBOARD)).toEqual([]);
  expect(model.time).toEqual({ from: 'now-6h', to: 'now' });
  expect(model.annotations.list).toEqual([]);
  expect(rows.length).toBeGreaterThan(3);
  expect(rows.flatMap((row) => faultsOf(String(row['title']), row, ROW))).toEqual([]);
  expect(panels.flatMap((panel) => faultsOf(String(panel['title']), panel, PANEL))).toEqual([]);
  for (const { gridPos } of model.panels) expect(faultsOf('gridPos', gridPos as Json, GRID)).toEqual([]);
});

it('has ids that occur once, and queries with a letter each and the chosen data source', () => {
  expect(new Set(model.panels.map(({ id }) => id)).size).toBe(model.panels.length);
  for (const { title, targets, datasource } of panels) {
    const own = targets as Json[];
    expect(own.flatMap((target) => faultsOf(String(title), target, TARGET))).toEqual([]);
    expect(own.map(({ refId }) => refId)).toEqual(own.map((_, index) => 'ABCDEFGH'[index]));
    for (const source of [datasource, ...own.map((target) => target['datasource'])]) {
      expect(faultsOf(String(title), source as Json, SOURCE)).toEqual([]);
    }
  }
});

it('has thresholds in order, the first without a value', () => {
  const all = panels.flatMap(({ fieldConfig }) => {
    const { defaults, overrides } = fieldConfig as {
      defaults: { thresholds?: { mode: string; steps: Json[] } };
      overrides: unknown;
    };
    expect(overrides).toEqual([]);
    return defaults.thresholds ?? [];
  });
  expect(all.length).toBeGreaterThan(8);
  for (const { mode, steps } of all) {
    expect(mode).toBe('absolute');
    expect(steps[0]?.['value']).toBeNull();
    const values = steps.slice(1).map(({ value }) => Number(value));
    expect(values).toEqual(values.toSorted((left, right) => left - right));
    expect(steps.filter(({ color }) => !text(color))).toEqual([]);
  }
});

it('has a variable for the data source, which the variables and panels after it use', () => {
  const [source, ...others] = model.templating.list;
  expect(faultsOf('datasource', source ?? {}, VARIABLE, OF_QUERIES)).toEqual([]);
  expect(source).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
  expect(others.map(({ name }) => name)).toEqual(['job', 'instance']);
  for (const variable of others) {
    expect(faultsOf(String(variable['name']), variable, VARIABLE)).toEqual([]);
    expect(faultsOf('datasource', variable['datasource'] as Json, SOURCE)).toEqual([]);
  }
});
