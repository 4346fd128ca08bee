import { counted } from '../../../counted.ts';
import type { Work } from '../../../context.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { QualifiedName } from '../../../db/identifiers.ts';
import { runText, simpleText } from '../../../db/text.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Changer } from '../attempts.ts';
import { changePatiently } from '../attempts.ts';
import { readTableState } from '../catalog.ts';
import { countCaught } from '../check/catch-all.ts';
import { quarantineComment } from '../check/check.ts';
import { catchAllSteps } from '../ensure/plan.ts';
import type { Month } from '../month.ts';
import { endOf, firstDayOf, monthOf, monthsFrom, startOf } from '../month.ts';
import { holdsRows } from '../rows-queries.ts';
import type { Partition, TableState } from '../table.ts';
import { finiteRangesOf, partitionOfKind, rangesOf } from '../table.ts';
import { bringBack, drainDefault, readColumns, readInsertTriggers, setAside } from './queries.ts';

/** `drain`: one transaction under an exclusive lock. `quarantine`: set aside in milliseconds, rows come back in batches. */
export type DefaultMode = 'drain' | 'quarantine';

/** A batch holds its locks for about a tenth of a second. */
const BATCH_ROWS = 5000;

/** Replaces an inherited DEFAULT partition by months and range catch-alls. @returns what was done, in words */
export async function* replaceDefault(
  changer: Changer,
  { table, partition }: { readonly table: TableState; readonly partition: Partition },
  mode: DefaultMode,
): Work<string> {
  const span = await spanOfDefault(changer, table, partition);
  if (mode === 'quarantine') return yield* quarantineDefault(changer, { table, partition }, span);
  const ranges = rangesOf(table);
  const months = monthsFrom(span.from, span.to)
    .filter((month) => !ranges.some(({ start, end }) => start <= startOf(month) && end >= endOf(month)))
    .map((month) => `${firstDayOf(month)} 00:00:00+00`);
  const { result } = yield* changePatiently(changer, {
    what: `draining ${partition.name}`,
    unhurried: true,
    work: async () => drainDefault(changer.session.sql, { parent: table, fallback: partition, months }),
  });
  return `${counted(result, 'row')} moved into ${counted(months.length, 'new month')} and the catch-alls; ${partition.name} is gone`;
}

/** Months that its rows need, joined with those there are, and with the present one. */
async function spanOfDefault(
  { ctx, session }: Changer,
  table: TableState,
  partition: Partition,
): Promise<{ readonly from: Month; readonly to: Month }> {
  const now = ctx.clock.now().getTime();
  const { months } = await countCaught(session, table, { partition, now });
  const ranges = finiteRangesOf(table);
  const there = ranges.flatMap(({ start, end }) => [monthOf(start), monthOf(end - 1)]);
  const all = [...months.keys(), ...there, monthOf(now)].sort();
  return { from: all[0] ?? monthOf(now), to: all.at(-1) ?? monthOf(now) };
}

async function* quarantineDefault(
  changer: Changer,
  { table, partition }: { readonly table: TableState; readonly partition: Partition },
  { from, to }: { readonly from: Month; readonly to: Month },
): Work<string> {
  const { session, ctx } = changer;
  await requireReturnable(changer, table);
  const day = ctx.clock.now().toISOString().slice(0, 10).replaceAll('-', '');
  const quarantine = { schema: table.schema, name: `${table.name.slice(0, 43)}_quarantine_${day}` };
  yield* changePatiently(changer, {
    what: `setting ${partition.name} aside`,
    work: async () => {
      await setAside(session.sql, table, partition);
      await simpleText(
        session,
        `alter table ${quoteQualified(partition)} rename to ${quoteIdentifier(quarantine.name)}`,
      );
      const comment = quoteLiteral(quarantineComment(table));
      await simpleText(session, `comment on table ${quoteQualified(quarantine)} is ${comment}`);
      // In the same transaction, so that no INSERT finds neither a default nor a month.
      await runText(
        session,
        'select public.ensure_month_partitions($1::text::regclass, $2::text::date, $3::text::date)',
        [quoteQualified(table), firstDayOf(from), firstDayOf(to)],
      );
      const state = await readTableState(session, quoteQualified(table));
      for (const step of catchAllSteps(state)) await runText(session, step.sql);
    },
  });
  return yield* emptyQuarantine(changer, { table, quarantine });
}

/** Brings the rows of a table that was set aside back in batches, and drops it once it is empty. Resumable. */
export async function* emptyQuarantine(
  changer: Changer,
  { table, quarantine }: { readonly table: TableState; readonly quarantine: QualifiedName & { schema: string } },
): Work<string> {
  const { ctx, session } = changer;
  const state = await readTableState(session, quoteQualified(table));
  if (partitionOfKind(state, 'overflow') === undefined || partitionOfKind(state, 'underflow') === undefined) {
    throw new OrdersyncError('precondition', `${table.name} lacks a catch-all, so not every row could come back`, {
      hint: 'make it with ordersync partition ensure',
    });
  }
  const columns = await readColumns(session.sql, table.oid);
  let done = 0;
  for (;;) {
    ctx.signal.throwIfAborted();
    const moved = await inTransaction(session, async () =>
      bringBack(session.sql, { parent: table, quarantine, columns, rows: BATCH_ROWS }),
    );
    done += moved;
    yield { kind: 'progress', label: quarantine.name, done, unit: 'rows' };
    if (moved === 0) break;
  }
  await inTransaction(session, async () => {
    await simpleText(session, `lock table ${quoteQualified(quarantine)} in access exclusive mode`);
    if (await holdsRows(session.sql, quarantine)) throw new TypeError(`${quarantine.name} got rows meanwhile`);
    await simpleText(session, `drop table ${quoteQualified(quarantine)}`);
  });
  return `${done} rows are back in their months; ${quarantine.name} is gone`;
}

async function requireReturnable({ session }: Changer, table: TableState): Promise<void> {
  const triggers = await readInsertTriggers(session.sql, table.oid);
  const why =
    table.referencedBy.length > 0
      ? `foreign keys of ${table.referencedBy.map(({ name }) => name).join(', ')} lead to its rows`
      : `${triggers.join(', ')} would take returning rows for new ones`;
  if (table.referencedBy.length === 0 && triggers.length === 0) return;
  throw new OrdersyncError('precondition', `rows of ${table.name} cannot be set aside: ${why}`, {
    hint: 'drain the default partition at a quiet time: --default drain',
  });
}
