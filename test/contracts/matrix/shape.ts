import { readReport, reportCommands } from '../../../src/domain/reports/catalog.ts';
import type { ReportFile } from '../../../src/domain/reports/report-file.ts';
import { OWN_VERDICT, VERDICTS } from '../../../src/domain/reports/report-file.ts';
import type { Answer, Row, Verdict } from '../../support/answer.ts';

/** Name → type, by section; a command of one section without a name has the key ''. */
export type Shape = Readonly<Record<string, Columns>>;
export type Columns = ReadonlyMap<string, keyof typeof IS>;

const ISO = /^-?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** What JSON may hold for a column of that type; anything may be null. */
const IS = {
  text: (value: unknown) => typeof value === 'string',
  texts: (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  state: (value: unknown) => typeof value === 'string' && value !== '',
  // Beyond 2^53 as text.
  integer: (value: unknown) => Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{16,}$/.test(value)),
  number: (value: unknown) => typeof value === 'number',
  time: (value: unknown) => typeof value === 'string' && ISO.test(value),
  boolean: (value: unknown) => typeof value === 'boolean',
} as const;

/** `severity state, finding, count integer`: text unless it says otherwise. */
export function columns(words: string): Columns {
  return new Map(
    words.split(', ').map((word) => {
      const [name = '', type = 'text'] = word.split(' ');
      if (!(type in IS)) throw new Error(`${type} is no type of a column`);
      return [name, type as keyof typeof IS]; // looked up in the line before
    }),
  );
}

const OF_HEADERS: Readonly<Record<string, keyof typeof IS>> = {
  text: 'text',
  'text[]': 'texts',
  boolean: 'boolean',
  integer: 'integer',
  bigint: 'integer',
  numeric: 'number',
  'double precision': 'number',
  'timestamp with time zone': 'time',
};

/** By the headers of its files, each of which is a section. */
export async function reportShape(command: string): Promise<Shape> {
  const files = readReport(reportCommands('monitor').get(command) ?? []);
  if (files.length === 0) throw new Error(`there are no files of monitor ${command}`);
  const several = files.length > 1;
  return Object.fromEntries(files.map((file) => [several ? file.section : '', columnsOf(file, several)]));
}

function columnsOf({ columns: declared, rules }: ReportFile, several: boolean): Columns {
  const judged = rules.length > 0 || declared.some(({ name }) => name === 'verdict');
  const own = declared.filter(({ name }) => !OWN_VERDICT.some((word) => word === name));
  const found = new Map<string, keyof typeof IS>(several ? [['section', 'text']] : []);
  for (const { name, type } of own) {
    const known = OF_HEADERS[type];
    if (known === undefined) throw new Error(`no test knows what JSON has for ${type}`);
    found.set(name, known);
  }
  if (judged) for (const name of OWN_VERDICT) found.set(name, 'text');
  return found;
}

/** Every way in which the document is not what is documented; empty when it is. */
export function shapeFaults(answer: Answer, command: string, shape: Shape): readonly string[] {
  const { schemaVersion, server, collectedAt, warnings, verdicts = [], data, ...others } = answer;
  return [
    ...(schemaVersion === 1 ? [] : [`schemaVersion ${schemaVersion}`]),
    ...(answer.command === command ? [] : [`command ${answer.command}`]),
    ...(ISO.test(collectedAt) ? [] : [`collectedAt ${collectedAt}`]),
    ...(server === null || Object.keys(server).join() === 'version,database,address,role' ? [] : ['server']),
    ...(IS.texts(warnings) ? [] : ['warnings']),
    ...Object.keys(others).filter((member) => member !== 'command'),
    ...verdicts.flatMap(verdictFaults),
    ...data.flatMap((row, index) => rowFaults(row, shape).map((fault) => `row ${index}: ${fault}`)),
  ];
}

/** Whatever is not well says why, and what is unknown says what would change that. */
function verdictFaults({ section, verdict, reason, fix }: Verdict): readonly string[] {
  if (!VERDICTS.some((known) => known === verdict)) return [`${section} is ${verdict}`];
  if (verdict !== 'ok' && !reason) return [`${section} is ${verdict} without a reason`];
  return verdict === 'unknown' && !fix ? [`${section} is unknown without a fix`] : [];
}

function rowFaults(row: Row, shape: Shape): readonly string[] {
  const section = '' in shape ? '' : String(row['section']);
  const declared = shape[section];
  if (declared === undefined) return [`no section is called ${section}`];
  const names = Object.keys(row);
  const wrong = [...declared].filter(([name, type]) => row[name] !== null && !IS[type](row[name]));
  return [
    ...(names.join() === [...declared.keys()].join() ? [] : [`has ${names.join()} for ${[...declared.keys()].join()}`]),
    ...wrong.map(([name, type]) => `${name} is no ${type}: ${JSON.stringify(row[name])}`),
    ...('verdict' in row && 'reason' in row
      ? verdictFaults({ section, ...(row as Row & Pick<Verdict, 'verdict' | 'reason' | 'fix'>) })
      : []),
  ];
}
