import type { Work } from '../../../context.ts';
import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import { runText, simpleText } from '../../../db/text.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { Changer } from '../../partitions/attempts.ts';
import { changePatiently } from '../../partitions/attempts.ts';
import { readTableState } from '../../partitions/catalog.ts';
import { createPartition } from '../../partitions/ensure/apply.ts';
import { planEnsure } from '../../partitions/ensure/read.ts';
import type { Month } from '../../partitions/month.ts';
import { endOf, monthsLater, partitionName, startOf } from '../../partitions/month.ts';
import type { TableState } from '../../partitions/table.ts';
import { partitionOfKind } from '../../partitions/table.ts';
import { commentOn, dropGuard } from './ddl.ts';
import type { Obstacle } from './obstacle.ts';
import { obstacleOf } from './obstacle.ts';
import { markRestored, readForeignKeysOf } from './queries.ts';
import { dropRangeCheck } from './range-checks.ts';
import { requireEmptyMonth } from './vacancy.ts';

export interface AttachRequest {
  readonly table: TableState;
  readonly month: Month;
  /** Restored, proven, and made as a partition is. */
  readonly name: QualifiedName;
}

/**
 * Makes a restored table a partition again. What is long (checking foreign keys) happens before, under weak locks; the last
 * transaction takes its strong locks for milliseconds, with many short attempts.
 * @returns the partition's name, or why it could not become one: then the table is as it was
 */
export async function* attachRestored(changer: Changer, request: AttachRequest): Work<string | Obstacle> {
  const { session } = changer;
  const { table, month, name } = request;
  const obstacle = yield* addForeignKeys(changer, request);
  if (obstacle !== undefined) return obstacle;
  yield* coverMonthsBetween(changer, request);
  const partition = partitionName(table.name, month);
  const at = [startOf(month), endOf(month)].map((instant) => new Date(instant).toISOString());
  yield* changePatiently(changer, {
    what: `attaching ${partition}`,
    work: async () => {
      const state = await readTableState(session, quoteQualified(table));
      const parent = quoteQualified(table);
      const moving = movedBy(state, month).map(quoteQualified);
      await runText(session, 'select public.lock_for_months($1::text::regclass, $2::text[]::regclass[], true)', [
        parent,
        moving,
      ]);
      await requireEmptyMonth(session, state, month);
      await simpleText(session, dropGuard(name));
      await simpleText(session, commentOn(name, null));
      await makeRoom(changer, state, month);
      await simpleText(session, `alter table ${quoteQualified(name)} rename to ${quoteIdentifier(partition)}`);
      await runText(
        session,
        'select public.attach_month_partition($1::text::regclass, $2::text::regclass, $3::text::timestamptz, $4::text::timestamptz)',
        [parent, quoteQualified({ schema: table.schema, name: partition }), ...at],
      );
      await simpleText(session, dropRangeCheck({ schema: table.schema, name: partition }));
      await markRestored(session.sql, { table: table.name, month, to: partition, attached: true });
    },
  });
  return partition;
}

/** Each foreign key of the parent, added unchecked for a moment's lock, then checked under a weak one. */
async function* addForeignKeys(changer: Changer, { table, name }: AttachRequest): Work<Obstacle | undefined> {
  const { session } = changer;
  const own = quoteQualified(name);
  for (const key of await readForeignKeysOf(session.sql, table, name)) {
    const constraint = quoteIdentifier(key.name);
    if (!key.there) {
      yield* changePatiently(changer, {
        what: `${name.name}: its foreign key ${key.name}`,
        work: async () => {
          const definition = key.definition.replace(/ not valid$/i, '');
          await simpleText(session, `alter table ${own} add constraint ${constraint} ${definition} not valid`);
        },
      });
    }
    if (key.validated) continue;
    yield { kind: 'phase', message: `checking the foreign key ${key.name}` };
    try {
      await inTransaction(session, async () =>
        simpleText(session, `alter table ${own} validate constraint ${constraint}`),
      );
    } catch (error) {
      const obstacle = obstacleOf(error);
      yield* dropForeignKeys(changer, { table, name });
      return obstacle;
    }
  }
  return undefined;
}

async function* dropForeignKeys(changer: Changer, { table, name }: Pick<AttachRequest, 'table' | 'name'>): Work<void> {
  const { session } = changer;
  for (const key of await readForeignKeysOf(session.sql, table, name)) {
    if (!key.there) continue;
    yield* changePatiently(changer, {
      what: `${name.name}: its foreign key ${key.name}`,
      work: async () =>
        simpleText(session, `alter table ${quoteQualified(name)} drop constraint ${quoteIdentifier(key.name)}`),
    });
  }
}

/** A month below the oldest one leaves a hole between them: those months come first, nearest first. */
async function* coverMonthsBetween(changer: Changer, { table, month }: AttachRequest): Work<void> {
  const state = await readTableState(changer.session, quoteQualified(table));
  const underflow = partitionOfKind(state, 'underflow');
  if (underflow === undefined || underflow.end <= endOf(month)) return;
  const next = monthsLater(month, 1);
  const [plan] = await planEnsure(changer.session, { tables: [quoteQualified(table)], span: { from: next, to: next } });
  for (const step of plan?.steps ?? []) yield* createPartition(changer, step, true);
}

/** Partitions in the place of the month: an empty one of its own, or a catch-all that reaches over it. */
function movedBy({ partitions }: TableState, month: Month) {
  return partitions.filter(
    (partition) => partition.month === month || (partition.start < endOf(month) && partition.end > startOf(month)),
  );
}

async function makeRoom({ session }: Changer, state: TableState, month: Month): Promise<void> {
  const parent = quoteQualified(state);
  for (const partition of movedBy(state, month)) {
    const name = quoteQualified(partition);
    if (partition.kind === 'month') {
      await simpleText(session, `alter table ${parent} detach partition ${name}`);
      await simpleText(session, `drop table ${name}`);
    } else {
      await runText(
        session,
        "select public.move_catch_all($1::text::regclass, $2::text::regclass, '-infinity', $3::text::timestamptz)",
        [parent, name, new Date(startOf(month)).toISOString()],
      );
    }
  }
}
