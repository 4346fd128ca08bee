import type {
  ColumnFlag,
  ColumnRole,
  Condition,
  MetricsHeader,
  Param,
  ReportColumn,
  Rule,
  Unit,
  Verdict,
  Want,
} from './report-file.ts';
import { FLAGS, ROLES, UNITS } from './report-file.ts';
import { parseRequirement } from './requirement.ts';

/** PostgreSQL's names of the types that a header may use, as format_type() writes them. */
const TYPES = [
  'boolean',
  'integer',
  'bigint',
  'double precision',
  'numeric',
  'text',
  'text[]',
  'timestamp with time zone',
] as const;
const TYPE = TYPES.map((type) => type.replaceAll(/[[\]]/g, String.raw`\$&`)).join('|');
const UNIT = UNITS.join('|');
/** Two or more blanks part the definition from the words for people. */
const WORDS = String.raw`(?: {2,}(\S.*))?$`;

const PARAM = new RegExp(String.raw`^(\w+) (${TYPE})(?: (${UNIT}))?(?: in (\S+))?(?: = (\S+))?${WORDS}`);
const COLUMN = new RegExp(
  String.raw`^(\w+) (${TYPE}) (${ROLES.join('|')})(?: (${UNIT}))?((?: (?:${FLAGS.join('|')}))*)${WORDS}`,
);
const CONDITION = /^(\w+) (<=|>=|<>|<|>|=) (?::(\w+)|(-?\d+(?:\.\d+)?)(%|ms|s|min|h|d|kB|MB|GB)?|(\w+))$/;

/** `min_mean double precision ms = 100  hide statements whose mean is below this`; undefined when it is not of that form. */
export function parseParam(text: string): Param | undefined {
  const [, name, type, unit, choices, value, help] = PARAM.exec(text) ?? [];
  if (name === undefined || type === undefined || help === undefined) return undefined;
  return { name, type, unit: unit as Unit | undefined, choices: choices?.split('|'), default: value, help };
}

/** `mean_ms double precision gauge ms wide  mean time of one call` */
export function parseColumn(text: string): ReportColumn | undefined {
  const [, name, type, role, unit, flags = '', help] = COLUMN.exec(text) ?? [];
  if (name === undefined || type === undefined) return undefined;
  return {
    name,
    type,
    // The pattern admits the words of these lists only.
    role: role as ColumnRole,
    unit: unit as Unit | undefined,
    flags: flags.split(' ').filter((flag) => flag !== '') as ColumnFlag[],
    help,
  };
}

/** `replication_slot by slot, type`; a section of one row has a prefix only. */
export function parseMetrics(text: string): MetricsHeader | undefined {
  const [, prefix, labels] = /^([a-z][a-z_]*)(?: by ([a-z_]+(?:, [a-z_]+)*))?$/.exec(text) ?? [];
  return prefix === undefined ? undefined : { prefix, labels: labels?.split(', ') ?? [] };
}

/** `hit_ratio < 95% and touches > 10000  below the target => see which tables are read` */
export function parseRule(verdict: Exclude<Verdict, 'ok'>, text: string): Rule | undefined {
  const [, conditionText = '', words = ''] = new RegExp(`^(.*?)${WORDS}`).exec(text) ?? [];
  const conditions = conditionText.split(' and ').map(parseCondition);
  const complete = conditions.filter((condition) => condition !== undefined);
  if (complete.length < conditions.length) return undefined;
  const [reason = '', fix] = words.split(' => ');
  return { verdict, conditions: complete, reason: reason === '' ? conditionText : reason, fix };
}

/** `role pg_read_all_stats  sessions of other roles are not counted` */
export function parseWant(text: string): Want | undefined {
  const [, words = '', loss] = new RegExp(`^(.*?)${WORDS}`).exec(text) ?? [];
  const requirement = parseRequirement(words);
  return requirement === undefined || loss === undefined ? undefined : { requirement, loss };
}

function parseCondition(text: string): Condition | undefined {
  const [, column, operator, param, amount, unit, word] = CONDITION.exec(text) ?? [];
  if (column === undefined) return undefined;
  const compare = { column, operator: operator as Condition['operator'] };
  if (param !== undefined) return { ...compare, operand: { param } };
  if (amount !== undefined) return { ...compare, operand: { value: Number(amount) * factorOf(unit) } };
  return word === undefined ? undefined : { ...compare, operand: { value: word } };
}

const FACTORS: Readonly<Record<string, number>> = {
  '%': 0.01,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
};

function factorOf(unit: string | undefined): number {
  return unit === undefined ? 1 : (FACTORS[unit] ?? 1);
}
