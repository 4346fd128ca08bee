import type { Name } from './grammar.ts';
import type { KnownSchema } from './known-schema.ts';
import type { Action, LintStatement } from './statement.ts';

/** The actions of an ALTER TABLE on a table that is in use; a table made in this run may be altered at will. */
export function alterations(
  { alterTable }: LintStatement,
  known: KnownSchema,
): readonly { readonly table: Name; readonly action: Action; readonly at: number }[] {
  if (alterTable === undefined || known.created.has(alterTable.table.key)) return [];
  const { table, actions } = alterTable;
  return actions.map((action) => ({ table, action, at: action.tokens[0]?.start ?? 0 }));
}
