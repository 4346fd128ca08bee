import type { OptionDef, OptionSet } from '../../cli/options.ts';
import { option } from '../../cli/options.ts';
import type { Param, ReportFile } from '../../domain/reports/report-file.ts';
import { OrdersyncError } from '../../errors.ts';

/** The parameters of all sections as options; one that several sections have is one option. */
export function paramOptions(files: readonly ReportFile[]): OptionSet {
  const params = new Map<string, Param>();
  for (const { path, params: own } of files) {
    for (const param of own) {
      const known = params.get(param.name);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(param)) {
        throw new OrdersyncError(
          'usage',
          `${path}: the parameter ${param.name} is another one than in a file before it`,
        );
      }
      params.set(param.name, param);
    }
  }
  // What the program itself gives: an earlier snapshot, and what the servers of --replica say.
  params.delete('baseline');
  params.delete('replicas');
  return Object.fromEntries([...params.values()].map((param) => [camel(param.name), optionOf(param)]));
}

/** What the files' parameters are given: option values by the names of the headers. */
export function paramValues(
  files: readonly ReportFile[],
  request: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    files.flatMap(({ params }) => params.map(({ name }) => [name, request[camel(name)] ?? null])),
  );
}

function optionOf({ type, unit, choices, default: value, help }: Param): OptionDef {
  if (choices !== undefined) return option.choice(choices, help, defaultOf(value, String));
  if (unit === 'ms') return option.duration(help, defaultOf(value, Number));
  if (unit === 'bytes') return option.bytes(help, defaultOf(value, Number));
  if (unit === 'ratio') return option.ratio(help, defaultOf(value, Number));
  switch (type) {
    case 'boolean':
      return option.flag(help);
    case 'text[]':
      return option.texts(help, { placeholder: 'name' });
    case 'text':
      return option.text(help, { placeholder: 'name', ...defaultOf(value, String) });
    case 'integer':
    case 'bigint':
      return option.integer(help, defaultOf(value, Number));
    default:
      return option.number(help, defaultOf(value, Number));
  }
}

function defaultOf<T>(value: string | undefined, read: (text: string) => T): { readonly default?: T } {
  return value === undefined ? {} : { default: read(value) };
}

/** `min_mean` → `minMean`, which the command line writes as --min-mean. */
function camel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
