import type { Work } from '../../../context.ts';
import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import { simpleText } from '../../../db/text.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { Month } from '../../partitions/month.ts';
import { paced } from '../paced.ts';
import { partOfDependant } from '../plan/sources.ts';
import type { DependantTable } from '../plan/tables.ts';
import type { RestoredTable, RestoreNeeds } from './aside.ts';
import { createTable } from './ddl.ts';
import { contentOf, loadSource } from './load.ts';
import type { Obstacle } from './obstacle.ts';
import { cannotReturn, obstacleOf } from './obstacle.ts';
import type { RestorableSource } from './sources.ts';

export interface ReturnRequest {
  readonly source: RestorableSource;
  readonly dependant: DependantTable;
  readonly month: Month;
}

const STAGED: QualifiedName = { schema: undefined, name: 'ordersync_returning_rows' };

/**
 * Puts rows that left with a month back into their own table, which is no partition: proven first, inserted, and proven where
 * they are, in one transaction. Rows that are there already from an earlier run are proven alone.
 * @returns why it cannot be, and then nothing was inserted
 */
export async function* returnRows(
  needs: RestoreNeeds,
  { source, dependant, month }: ReturnRequest,
): Work<RestoredTable | Obstacle> {
  const total = source.parts.reduce(
    (sum, part) => sum + part.source.files.reduce((bytes, file) => bytes + file.bytes, 0),
    0,
  );
  try {
    return yield* paced(
      needs,
      async (advance) =>
        inTransaction(needs.session, async () => returnStaged({ ...needs, advance }, source, dependant, month)),
      (done) => ({ kind: 'progress', label: source.table, done, total, unit: 'bytes' }),
    );
  } catch (error) {
    return obstacleOf(error);
  }
}

async function returnStaged(
  needs: RestoreNeeds & { readonly advance: (bytes: number) => void },
  source: RestorableSource,
  dependant: DependantTable,
  month: Month,
): Promise<RestoredTable | Obstacle> {
  const { session } = needs;
  const [part] = source.parts;
  if (part === undefined) throw new TypeError('a source has a part');
  await simpleText(session, createTable(STAGED, source.columns, true));
  const staged = await loadSource(needs, { schema: 'pg_temp', name: STAGED.name }, source);
  const { from } = partOfDependant(dependant, month);
  const before = await contentOf(needs, part.source, from);
  const result = { table: source.table, name: source.table, rows: staged.rows, root: staged.root };
  if (before.root === staged.root) return { ...result, state: 'there' };
  if (before.rows > 0) return { reason: `it has ${before.rows} other rows of that month already` };
  const list = source.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const into = quoteQualified({ schema: 'public', name: source.table });
  await simpleText(
    session,
    `insert into ${into} (${list}) select ${list} from pg_temp.${quoteIdentifier(STAGED.name)}`,
  );
  needs.reach('restore-returned');
  const after = await contentOf(needs, part.source, from);
  if (after.root === staged.root) return { ...result, state: 'restored' };
  // Thrown, not returned: the rows must not stay.
  throw cannotReturn('a trigger of the table changes rows that are inserted');
}
