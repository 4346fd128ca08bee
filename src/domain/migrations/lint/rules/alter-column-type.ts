import { findWords, matchWords } from '../../file/tokens.ts';
import { alterations } from '../alterations.ts';
import type { Hit, Rule } from '../finding.ts';
import { readName, textOf, typeKey } from '../grammar.ts';

export const alterColumnType: Rule = {
  id: 'alter-column-type',
  severity: 'high',
  why: 'the table and its indexes are rewritten under ACCESS EXCLUSIVE, unless the new type only widens the old one',
  check: ({ text, ...statement }, { known }) =>
    alterations({ text, ...statement }, known).flatMap(({ table, action: { tokens } }): readonly Hit[] => {
      const at = matchWords(tokens, 0, 'alter column?');
      const column = at === undefined ? undefined : readName(text, tokens, at);
      const typeAt = column === undefined ? undefined : matchWords(tokens, column.next, 'set? data? type');
      if (column === undefined || typeAt === undefined) return [];
      const using = findWords(tokens, typeAt, 'using');
      const type = tokens.slice(typeAt, findWords(tokens, typeAt, 'collate') ?? using);
      const before = known.columnTypes.get(`${table.key}.${column.name.last}`);
      const verdict = using === undefined ? judge(before, typeKey(type)) : 'rewrites';
      if (verdict === 'widens') return [];
      const { sql, start } = column.name;
      const to = textOf(text, type);
      const fix = `alter table ${table.sql} add column ${column.name.last}_new ${to};
-- keep it in step by a trigger, fill it in batches, and swap the two names in one short transaction later`;
      if (verdict === 'rewrites') return [{ at: start, message: `the type of ${sql} becomes ${to}`, fix }];
      const message = `the type of ${sql} becomes ${to}: safe only if it was narrower, which the files do not tell`;
      return [{ at: start, message, fix, severity: 'medium' }];
    }),
};

/** The changes that PostgreSQL makes in the catalogue alone (binary coercible, and length or precision growing). */
function judge(before: string | undefined, after: string): 'widens' | 'unknown' | 'rewrites' {
  const to = parts(after);
  // From any other text-like type it is free, and from the rest there is no implicit way: no USING tells that it is text-like.
  if (to.base === 'text' || after === 'varchar') return 'widens';
  if (!WIDENING.has(to.base)) return before === after ? 'widens' : 'rewrites';
  if (before === undefined) return 'unknown';
  const from = parts(before);
  if (from.base !== to.base) return 'rewrites';
  if (to.size === undefined) return 'widens';
  return from.size !== undefined && from.size <= to.size && from.scale === to.scale ? 'widens' : 'rewrites';
}

const WIDENING = new Set(['varchar', 'numeric', 'varbit', 'timestamp', 'timestamptz', 'time', 'timetz', 'interval']);

function parts(key: string): { base: string; size: number | undefined; scale: string } {
  const match = /^(?<base>[^(]+?)(?:\((?<size>\d+)(?:,(?<scale>-?\d+))?\))?$/.exec(key)?.groups;
  const size = match?.['size'];
  return {
    base: match?.['base'] ?? key,
    size: size === undefined ? undefined : Number(size),
    scale: match?.['scale'] ?? '0',
  };
}
