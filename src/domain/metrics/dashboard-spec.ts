/** What a panel shows. Names of metrics stand without `ordersync_`; the builder finds unit, help and type in the registry. */
export interface PanelSpec {
  readonly title: string;
  readonly kind: 'stat' | 'timeseries';
  readonly description: string;
  readonly queries: readonly QuerySpec[];
  /** Of stats: from which value on it is orange and red; `below` where small is bad. */
  readonly thresholds?: { readonly warn: number; readonly crit: number; readonly below?: true };
  /** Where it is not the unit of the metric. */
  readonly unit?: string;
}

export interface QuerySpec {
  /** In PromQL, with `$name` for a metric and its selector, and `$name{a="b"}` for one with more labels. */
  readonly expr: string;
  /** As Grafana writes it: `{{table}}`. */
  readonly legend: string;
}

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

type Thresholds = NonNullable<PanelSpec['thresholds']>;

/** One figure; each instance has its own. */
export function stat(
  title: string,
  description: string,
  expr: string,
  thresholds?: Thresholds,
  unit?: string,
): PanelSpec {
  return {
    title,
    kind: 'stat',
    description,
    queries: [{ expr, legend: '{{instance}}' }],
    ...(thresholds === undefined ? {} : { thresholds }),
    ...(unit === undefined ? {} : { unit }),
  };
}

/** Lines over time, by their legends. */
export function lines(
  title: string,
  description: string,
  queries: Readonly<Record<string, string>>,
  unit?: string,
): PanelSpec {
  return {
    title,
    kind: 'timeseries',
    description,
    queries: Object.entries(queries).map(([legend, expr]) => ({ expr, legend })),
    ...(unit === undefined ? {} : { unit }),
  };
}
