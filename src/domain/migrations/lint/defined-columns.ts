import type { Hit } from './finding.ts';
import { rewritten } from './fixes.ts';
import type { ColumnDefinition } from './grammar.ts';
import { textOf, typeKey } from './grammar.ts';
import type { LintStatement } from './statement.ts';

/** A hit for every column whose type, in one spelling, the rule would write differently; `better` says how. */
export function preferType(
  statement: LintStatement,
  better: (type: string, column: ColumnDefinition) => string | undefined,
): readonly Hit[] {
  return definedColumns(statement).flatMap((column) => {
    const [first] = column.type;
    const replacement = better(typeKey(column.type), column);
    if (first === undefined || replacement === undefined) return [];
    const edit = { start: first.start, end: column.type.at(-1)?.end ?? first.end, text: replacement };
    const message = `the type of ${column.name.sql} is ${textOf(statement.text, column.type)}; ${replacement} is meant for it`;
    return [{ at: first.start, message, fix: `${rewritten(statement.text, [edit])};` }];
  });
}

/** The columns that a statement defines, in CREATE TABLE as in ADD COLUMN. */
function definedColumns({ createTable, alterTable }: LintStatement): readonly ColumnDefinition[] {
  const added = alterTable?.actions.flatMap(({ addedColumn }) => addedColumn ?? []) ?? [];
  return [...(createTable?.columns ?? []), ...added];
}
