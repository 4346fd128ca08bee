import type { Token } from '../../file/tokens.ts';
import { findWords, isSymbol, isWord } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { textOf } from '../grammar.ts';
import { alterations } from '../alterations.ts';

/** Stable or immutable: evaluated once, the value is stored in the catalogue and no row is touched. */
const ONCE = new Set(
  `now transaction_timestamp statement_timestamp current_setting date_trunc timezone to_timestamp make_interval make_date
   make_timestamptz age coalesce nullif greatest least lower upper trim btrim md5 length concat format to_char replace
   jsonb_build_object jsonb_build_array json_build_object to_jsonb to_json array_fill cast row array int4range int8range
   tstzrange daterange numrange point box current_timestamp localtimestamp current_time localtime abs round interval
   varchar char character numeric decimal timestamp timestamptz time timetz bit varbit varying encode decode`.split(
    /\s+/,
  ),
);

export const addColumnVolatileDefault: Rule = {
  id: 'add-column-volatile-default',
  severity: 'high',
  why: 'a value of its own for every row: the whole table is rewritten under ACCESS EXCLUSIVE, readers wait too',
  check: (statement, { known }) =>
    alterations(statement, known).flatMap(({ table, action: { addedColumn } }) => {
      const at = addedColumn === undefined ? undefined : findWords(addedColumn.rest, 0, 'default');
      if (addedColumn === undefined || at === undefined) return [];
      const expression = defaultExpression(addedColumn.rest.slice(at + 1));
      const call = volatileCall(expression);
      if (call === undefined) return [];
      const { sql: column } = addedColumn.name;
      const type = textOf(statement.text, addedColumn.type);
      const value = textOf(statement.text, expression);
      return [
        {
          at: call.start,
          message: `the default of the new column ${column} calls ${call.value}(), which gives every row another value`,
          fix: `alter table ${table.sql} add column ${column} ${type};
alter table ${table.sql} alter column ${column} set default ${value};
-- in later migrations: fill the old rows in batches, then prove NOT NULL with a validated check`,
        },
      ];
    }),
};

function defaultExpression(tokens: readonly Token[]): readonly Token[] {
  const end = findWords(tokens, 0, 'not|null|check|unique|primary|references|constraint|generated|collate');
  return tokens.slice(0, end === 0 ? 1 : end);
}

/** Functions are volatile unless declared otherwise, so an unknown one counts. */
function volatileCall(tokens: readonly Token[]): Token | undefined {
  return tokens.find(
    (token, at) =>
      isSymbol(tokens[at + 1], '(') &&
      (token.kind === 'quoted_name' || token.kind === 'word') &&
      !ONCE.has(token.value) &&
      !isWord(token, 'in'),
  );
}
