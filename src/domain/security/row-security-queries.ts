import type { Session, Sql } from '../../db/session.ts';
import { runText, simpleText, simpleTexts } from '../../db/text.ts';

/** Tables whose rows belong to somebody, and the condition that a row is not this user's. $1 is the user, or null. */
const FOREIGN_ROWS = {
  orders: `customer_id is distinct from $1::uuid and not exists (
    select from public.restaurants where restaurants.id = orders.restaurant_id and restaurants.owner_id = $1::uuid)`,
  user_sessions: 'user_id is distinct from $1::uuid',
  notification_logs: 'recipient_id is distinct from $1::uuid',
  // These are visible with their order, and counted with nobody only: with somebody they are as good as orders are.
  payments: '$1::uuid is null',
  order_items: '$1::uuid is null',
} as const;
export type ProbedTable = keyof typeof FOREIGN_ROWS;
export const PROBED_TABLES = Object.keys(FOREIGN_ROWS) as readonly ProbedTable[];

export const APPLICATION_ROLE = 'application_role';

/** Two users who have orders of their own. To be asked as somebody who sees all rows. */
export async function readCustomers(sql: Sql): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select customer_id as id
      from public.orders
     where customer_id is not null
     group by customer_id
     order by count(*) desc, customer_id
     limit 2`;
  return rows.map(({ id }) => id);
}

/** Which of the probed tables the application may read at all. */
export async function readProbed(sql: Sql): Promise<ProbedTable[]> {
  const rows = await sql<{ name: ProbedTable }[]>`
    select relname as name
      from pg_catalog.pg_class
     where relnamespace = 'public'::regnamespace
       and relname = any (${PROBED_TABLES as readonly string[]}::text[])
       and has_table_privilege(${APPLICATION_ROLE}, oid, 'select')
     order by relname`;
  return rows.map(({ name }) => name);
}

/** From here to the end of the transaction the session is the application, working for this user, or for nobody. */
export async function becomeApplication(session: Session, user: string | null): Promise<void> {
  await session.sql`select set_config('app.current_user_id', ${user ?? ''}, true)`;
  await simpleTexts(session, ['set local row_security = on', `set local role ${APPLICATION_ROLE}`]);
}

/** Back to who the session is; its settings stay until the transaction ends. */
export async function becomeOneself(session: Session): Promise<void> {
  await simpleText(session, 'reset role');
}

export async function seesForeignRow(
  session: Pick<Session, 'sql'>,
  table: ProbedTable,
  user: string | null,
): Promise<boolean> {
  const [row] = await runText<{ seen: boolean }>(
    session,
    `select exists (select from public.${table} where ${FOREIGN_ROWS[table]}) as seen`,
    [user],
  );
  return row?.seen === true;
}

export async function seesOwnOrders(session: Pick<Session, 'sql'>, user: string): Promise<boolean> {
  const [row] = await runText<{ seen: boolean }>(
    session,
    'select exists (select from public.orders where customer_id = $1::uuid) as seen',
    [user],
  );
  return row?.seen === true;
}

export interface ProtectedTable {
  readonly name: string;
  readonly enabled: boolean;
  readonly forced: boolean;
  readonly policies: readonly string[];
}

/** Tables of the schema with row security or with policies, without partitions. */
export function readProtectedTables(sql: Sql): Promise<ProtectedTable[]> {
  return sql<ProtectedTable[]>`
    select relation.relname as name,
           relation.relrowsecurity as enabled,
           relation.relforcerowsecurity as forced,
           array(select polname::text from pg_catalog.pg_policy where polrelid = relation.oid order by 1) as policies
      from pg_catalog.pg_class relation
      join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
     where namespace.nspname = 'public'
       and relation.relkind in ('r', 'p')
       and not relation.relispartition
       and (relation.relrowsecurity or exists (select from pg_catalog.pg_policy where polrelid = relation.oid))
     order by relation.relname`;
}
