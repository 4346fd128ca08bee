import { describe, expect, it } from 'vitest';
import { renderExposition } from '../../../src/domain/metrics/exposition.ts';
import type { Family } from '../../../src/domain/metrics/family.ts';
import { sample } from '../../../src/domain/metrics/family.ts';
import { isLoopback, parseListen } from '../../../src/domain/metrics/listen.ts';
import { conversionOf } from '../../../src/domain/metrics/names.ts';
import { loadRegistry } from '../../../src/domain/metrics/registry.ts';
import { metricSection, samplesOf } from '../../../src/domain/metrics/section.ts';
import { parseReport } from '../../../src/domain/reports/parse.ts';
import type { ReportColumn } from '../../../src/domain/reports/report-file.ts';

const family = (labels: readonly string[] = []): Family => ({
  name: 'ordersync_rows',
  type: 'gauge',
  help: 'rows',
  labels,
});
const text = (value: unknown): string => {
  const made = sample(family(), value);
  return made === undefined ? 'no sample' : made.value;
};

const column = (values: Partial<ReportColumn>): ReportColumn => ({
  name: 'x',
  type: 'bigint',
  role: 'gauge',
  unit: undefined,
  flags: [],
  help: undefined,
  ...values,
});
const nameOf = (prefix: string, values: Partial<ReportColumn>): string => {
  const { name, type } = conversionOf(prefix, column(values));
  return `${name} ${type}`;
};
const converted = (value: unknown, values: Partial<ReportColumn>): unknown =>
  conversionOf('x', column(values)).convert(value);
const reportText = (flags: string): string =>
  `-- summary: x\n-- column: query text label${flags}\n-- column: calls bigint counter\n-- metrics: x by query\nselect 1`;

describe('the text format', () => {
  it('keeps every digit of an int8', () => {
    expect(['9007199254740993', 9_007_199_254_740_993n, '-1', '0.25', 1e-7, true].map(text)).toEqual([
      '9007199254740993',
      '9007199254740993',
      '-1',
      '0.25',
      '1e-7',
      '1',
    ]);
  });

  it('has no sample for what is no number', () => {
    expect([null, undefined, Number.NaN, Number.POSITIVE_INFINITY, '', '1; drop', new Date(0)].map(text)).toEqual(
      Array.from({ length: 7 }, () => 'no sample'),
    );
  });

  it('escapes labels and help', () => {
    const odd: Family = { ...family(['table']), help: 'a\\b\nc "d"' };
    const made = sample(odd, 1, ['public."a\\b\n주문"']);
    expect(renderExposition([odd, { ...family(), name: 'ordersync_absent' }], made === undefined ? [] : [made])).toBe(
      String.raw`# HELP ordersync_rows a\\b\nc "d"
# TYPE ordersync_rows gauge
ordersync_rows{table="public.\"a\\b\n주문\""} 1
`,
    );
  });
});

describe('names', () => {
  it('have base units, _total behind counters, and no word twice', () => {
    expect([
      nameOf('cache', { name: 'hits', role: 'counter' }),
      nameOf('statements', { name: 'total_ms', role: 'counter', unit: 'ms' }),
      nameOf('connections', { name: 'connections' }),
      nameOf('wal', { name: 'wal_bytes', role: 'counter', unit: 'bytes' }),
      nameOf('vacuum', { name: 'last_vacuum', type: 'timestamp with time zone', role: 'label' }),
    ]).toEqual([
      'ordersync_cache_hits_total counter',
      'ordersync_statements_seconds_total counter',
      'ordersync_connections gauge',
      'ordersync_wal_bytes_total counter',
      'ordersync_vacuum_last_vacuum_timestamp_seconds gauge',
    ]);
  });

  it('convert times and milliseconds to seconds', () => {
    const time = { type: 'timestamp with time zone' };
    expect([
      converted(1500, { unit: 'ms' }),
      converted(null, { unit: 'ms' }),
      converted('2026-11-28 12:00:00.5+00', time),
      converted('infinity', time),
    ]).toEqual([1.5, null, 1_795_867_200.5, null]);
  });
});

describe('the registry', () => {
  it('has each metric once, with help, in names that Prometheus takes', async () => {
    const { families, collectors } = await loadRegistry();
    expect(collectors.length).toBeGreaterThan(20);
    const names = families.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.filter((name) => !/^ordersync_[a-z][a-z0-9_]*[a-z0-9]$/.test(name))).toEqual([]);
    expect(families.filter(({ help }) => help.trim() === '')).toEqual([]);
    expect(families.filter(({ name, type }) => name.endsWith('_total') !== (type === 'counter'))).toEqual([]);
  });

  it('takes a part of the collectors, and refuses a name that none has', async () => {
    const some = await loadRegistry({ collect: ['monitor/wal', 'metrics'], skip: ['metrics/logins'] });
    const names = some.collectors.map(({ name }) => name);
    expect(names).toContain('monitor/wal.files');
    expect(names).toContain('metrics/partitions');
    expect(names).not.toContain('metrics/logins');
    expect(names).not.toContain('monitor/cache');
    await expect(loadRegistry({ collect: ['monitor/wall'], skip: [] })).rejects.toMatchObject({ code: 'usage' });
  });

  it('never makes a label of a statement or of personal data', () => {
    expect(metricSection(parseReport('sql/monitor/x.sql', reportText('')))?.labels).toEqual(['query']);
    for (const flag of [' sql', ' pii']) {
      expect(() => metricSection(parseReport('sql/monitor/x.sql', reportText(flag)))).toThrow('cannot be a label');
    }
  });
});

it('rows that their labels do not tell apart are counted, and not mixed up', () => {
  const section = metricSection(parseReport('sql/monitor/x.sql', reportText('')));
  const rows = [
    { values: { query: 'a', calls: '1' }, judgement: undefined },
    { values: { query: 'a', calls: '2' }, judgement: undefined },
    { values: { query: 'b', calls: '3' }, judgement: undefined },
  ];
  const made = section && samplesOf(section, { rows });
  expect(made?.repeated).toBe(1);
  expect(made?.samples.map(({ labels, value }) => [...labels, value])).toEqual([
    ['a', '1'],
    ['b', '3'],
  ]);
});

describe('an address to listen on', () => {
  it.each(['127.0.0.1:9187', '127.8.9.1:1', 'localhost:0', '[::1]:9187'])('%s is of this machine only', (given) => {
    expect(isLoopback(parseListen(given))).toBe(true);
  });
  it.each(['0.0.0.0:9187', '[::]:9187', '10.0.0.5:9187', 'db.example:9187', '127.0.0.1.example.org:1'])(
    '%s is not',
    (given) => {
      expect(isLoopback(parseListen(given))).toBe(false);
    },
  );
  it.each([':9187', '9187', '127.0.0.1', '127.0.0.1:65536', '::1:9187', '[1.2.3.4]:1', 'a b:1'])(
    '%s is refused',
    (given) => {
      expect(() => parseListen(given)).toThrow('is not an address');
    },
  );
});
