import { OrdersyncError } from '../../errors.ts';
import { parseColumn, parseMetrics, parseParam, parseRule, parseWant } from './header-lines.ts';
import type { Body, MetricsHeader, Param, ReportColumn, ReportFile, Rule, Want } from './report-file.ts';
import type { Requirement } from './requirement.ts';
import { parseRequirement } from './requirement.ts';

/** A line that begins another body: `-- body: when column pg_stat_io.read_bytes`, `-- body: snapshot`. */
const BODY = /^-- body:(?: (when .*|snapshot|replica|otherwise))?$/;

interface Header {
  readonly summary: string[];
  readonly title: string[];
  readonly description: string[];
  readonly example: string[];
  readonly fallback: string[];
  readonly empty: string[];
  readonly only: Requirement[];
  readonly requires: Requirement[];
  readonly wants: Want[];
  readonly param: Param[];
  readonly column: ReportColumn[];
  readonly rules: Rule[];
  readonly metrics: MetricsHeader[];
}

interface Line {
  readonly number: number;
  readonly offset: number;
  readonly text: string;
}

/**
 * Reads a report's file: the header at its top, then its bodies, which stay byte for byte.
 * @throws OrdersyncError `usage` with file and line for anything that the grammar (sql/README.md) does not have
 */
export function parseReport(path: string, text: string): ReportFile {
  const lines = linesOf(text);
  const end = lines.findIndex((line) => !/^-- [a-z]+: /.test(line.text) || BODY.test(line.text));
  const header = emptyHeader();
  for (const line of lines.slice(0, end)) readLine(header, path, line);
  const [noun = '', base = ''] = path.replace(/^sql\/|\.sql$/g, '').split('/');
  const [command = '', section = command] = base.split('.');
  const bodies = bodiesOf(path, text, lines.slice(end));
  if (header.summary.length !== 1) throw problem(path, 1, 'it needs one summary');
  return {
    path,
    noun,
    command,
    section,
    summary: header.summary.join(' '),
    title: [...header.title, ...header.summary][0] ?? '',
    description: header.description.length === 0 ? undefined : header.description.join(' '),
    examples: header.example,
    fallback: header.fallback.length > 0,
    empty: header.empty.length === 0 ? undefined : header.empty.join(' '),
    only: header.only,
    requires: header.requires,
    wants: header.wants,
    params: header.param,
    columns: header.column,
    rules: header.rules,
    metrics: header.metrics[0],
    bodies: bodies.filter(({ use }) => use === 'report').map(({ body }) => body),
    snapshot: bodies.find(({ use }) => use === 'snapshot')?.body,
    replica: bodies.find(({ use }) => use === 'replica')?.body,
    text,
  };
}

function emptyHeader(): Header {
  return {
    summary: [],
    title: [],
    description: [],
    example: [],
    fallback: [],
    empty: [],
    only: [],
    requires: [],
    wants: [],
    param: [],
    column: [],
    rules: [],
    metrics: [],
  };
}

/** Whether the value was one of the key's form. */
type Take = (header: Header, value: string) => boolean;

const KEYS: Readonly<Record<string, Take>> = {
  summary: ({ summary }, value) => summary.push(value) > 0,
  title: ({ title }, value) => title.push(value) > 0,
  description: ({ description }, value) => description.push(value) > 0,
  example: ({ example }, value) => example.push(value) > 0,
  fallback: ({ fallback }, value) => value === 'yes' && fallback.push(value) > 0,
  empty: ({ empty }, value) => empty.push(value) > 0,
  only: ({ only }, value) => pushed(only, parseRole(value)),
  requires: ({ requires }, value) => pushed(requires, parseRequirement(value)),
  wants: ({ wants }, value) => pushed(wants, parseWant(value)),
  param: ({ param }, value) => pushed(param, parseParam(value)),
  column: ({ column }, value) => pushed(column, parseColumn(value)),
  metrics: ({ metrics }, value) => pushed(metrics, parseMetrics(value)),
  unknown: ({ rules }, value) => pushed(rules, parseRule('unknown', value)),
  warn: ({ rules }, value) => pushed(rules, parseRule('warning', value)),
  crit: ({ rules }, value) => pushed(rules, parseRule('critical', value)),
};

function pushed<T>(list: T[], item: T | undefined): boolean {
  return item !== undefined && list.push(item) > 0;
}

function parseRole(value: string): Requirement | undefined {
  return value === 'primary' || value === 'standby' ? { kind: value } : undefined;
}

function readLine(header: Header, path: string, { number, text }: Line): void {
  const [, key = '', value = ''] = /^-- ([a-z]+): (.*)$/.exec(text) ?? [];
  const take = KEYS[key];
  if (take === undefined) throw problem(path, number, `"${key}" is not a key of the header`);
  if (!take(header, value.trim())) throw problem(path, number, `"${value}" is not of the form that ${key} has`);
}

type Use = 'report' | 'snapshot' | 'replica';

function bodiesOf(path: string, text: string, lines: readonly Line[]): { body: Body; use: Use }[] {
  const starts = lines.filter((line) => BODY.test(line.text));
  const [first] = lines;
  const marks = starts.length === 0 && first !== undefined ? [{ ...first, text: '' }] : starts;
  return marks.map((mark, index) => {
    const words = BODY.exec(mark.text)?.[1] ?? '';
    const begin = mark.text === '' ? mark.offset : mark.offset + mark.text.length + 1;
    const sql = text.slice(begin, marks[index + 1]?.offset ?? text.length);
    const offset = begin + (sql.length - sql.trimStart().length);
    const when = words.startsWith('when ') ? words.slice('when '.length).split(' and ') : [];
    return {
      body: { when: when.map((part) => conditionOf(path, mark.number, part)), sql: sql.trim(), offset },
      use: words === 'snapshot' || words === 'replica' ? words : 'report',
    };
  });
}

function conditionOf(path: string, number: number, text: string): Requirement {
  const requirement = parseRequirement(text);
  if (requirement === undefined) throw problem(path, number, `"${text}" is not a requirement`);
  return requirement;
}

function linesOf(text: string): Line[] {
  let offset = 0;
  return text.split('\n').map((line, index) => {
    const found = { number: index + 1, offset, text: line };
    offset += line.length + 1;
    return found;
  });
}

function problem(path: string, line: number, message: string): OrdersyncError {
  return new OrdersyncError('usage', `${path}:${line}: ${message}`, {
    hint: 'sql/README.md has the grammar',
    facts: { file: path, line },
  });
}
