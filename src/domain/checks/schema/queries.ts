import type { Session } from '../../../db/session.ts';
import { runText } from '../../../db/text.ts';
import type { ExpectedObject } from './expected.ts';

export interface LiveObject {
  readonly kind: ExpectedObject['kind'];
  readonly name: string;
  readonly table: string;
  /** `D` for a disabled trigger; for one that also fires in replicas `A`. */
  readonly enabled: string | null;
}

/** Indexes, policies and triggers of the tables in schema public, without those of partitions. */
export async function readLiveObjects(session: Pick<Session, 'sql'>): Promise<LiveObject[]> {
  return (await runText(
    session,
    `with tables as (
       select relation.oid, relation.relname
         from pg_catalog.pg_class relation
         join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
        where namespace.nspname = 'public' and relation.relkind in ('r', 'p', 'm') and not relation.relispartition
     )
     select 'index' as kind, own.relname::text as name, tables.relname::text as "table", null as enabled
       from pg_catalog.pg_index index
       join tables on tables.oid = index.indrelid
       join pg_catalog.pg_class own on own.oid = index.indexrelid
     union all
     select 'policy', policy.polname::text, tables.relname::text, null
       from pg_catalog.pg_policy policy
       join tables on tables.oid = policy.polrelid
     union all
     select 'trigger', trigger.tgname::text, tables.relname::text, trigger.tgenabled::text
       from pg_catalog.pg_trigger trigger
       join tables on tables.oid = trigger.tgrelid
      where not trigger.tgisinternal`,
  )) as unknown as LiveObject[]; // the columns of the statement above
}

export interface PolicyText {
  readonly name: string;
  readonly table: string;
  /** Its conditions, as the server writes them. */
  readonly text: string;
}

export async function readPolicyTexts(session: Pick<Session, 'sql'>): Promise<PolicyText[]> {
  return (await runText(
    session,
    `select policy.polname::text as name,
            relation.relname::text as "table",
            concat_ws(' and ', pg_get_expr(policy.polqual, policy.polrelid), pg_get_expr(policy.polwithcheck, policy.polrelid)) as text
       from pg_policy policy
       join pg_class relation on relation.oid = policy.polrelid
       join pg_namespace namespace on namespace.oid = relation.relnamespace
      where namespace.nspname = 'public'
      order by 2, 1`,
  )) as unknown as PolicyText[]; // the columns of the statement above
}

/** Tables with policies whose row security is off: the policies do nothing. */
export async function readIdlePolicies(session: Pick<Session, 'sql'>): Promise<string[]> {
  const rows = await runText<{ name: string }>(
    session,
    `select relation.relname::text as name
       from pg_class relation
       join pg_namespace namespace on namespace.oid = relation.relnamespace
      where namespace.nspname = 'public' and not relation.relrowsecurity
        and exists (select from pg_policy where polrelid = relation.oid)
      order by 1`,
  );
  return rows.map(({ name }) => name);
}
