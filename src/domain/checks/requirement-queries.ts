import type { Sql } from '../../db/session.ts';
import type { Requirement } from './check.ts';

export type RequirementFault = 'missing' | 'denied' | 'filtered'; // row security would leave rows out without a word

export interface RequirementState extends Requirement {
  /** None when it is met; a right and row security can both be in the way. */
  readonly faults: readonly RequirementFault[];
}

/** What keeps these from being met. Asks the catalogue only: a name that is not there raises no error. */
export function readRequirements(sql: Sql, wanted: readonly Requirement[]): Promise<RequirementState[]> {
  return sql<RequirementState[]>`
    select wanted.kind,
           wanted.name,
           array_remove(case wanted.kind
             when 'role' then array[case when not pg_has_role(current_user, wanted.name, 'usage') then 'denied' end]
             when 'member' then array[case
               when found.role is null then 'missing'
               -- Before version 16 membership is all it takes, and the word SET is not known.
               when not pg_has_role(current_user, found.role,
                      case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end)
                 then 'denied' end]
             when 'schema' then array[case when found.schema is null then 'missing' end]
             when 'function' then array[case when found.function is null then 'missing'
                                          when not has_function_privilege(found.function, 'execute') then 'denied' end]
             when 'partitions' then array[
               case when found.relation is null then 'missing' end,
               case when exists (select from pg_partition_tree(found.relation)
                                  where not has_table_privilege(relid, 'select')) then 'denied' end,
               case when exists (select from pg_partition_tree(found.relation)
                                  where row_security_active(relid)) then 'filtered' end]
             else array[
               case when found.relation is null then 'missing' end,
               case when wanted.kind in ('rows', 'view') and not has_table_privilege(found.relation, 'select') then 'denied' end,
               case when wanted.kind = 'rows' and row_security_active(found.relation) then 'filtered' end]
           end, null) as "faults"
      from unnest(${wanted.map(({ kind }) => kind)}::text[], ${wanted.map(({ name }) => name)}::text[]) wanted (kind, name)
     cross join lateral (
       select (select relation.oid
                 from pg_catalog.pg_class relation
                 join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
                where namespace.nspname = split_part(wanted.name, '.', 1)
                  and relation.relname = split_part(wanted.name, '.', 2)
                  and has_schema_privilege(namespace.oid, 'usage')) as relation,
              (select procedure.oid
                 from pg_catalog.pg_proc procedure
                 join pg_catalog.pg_namespace namespace on namespace.oid = procedure.pronamespace
                where namespace.nspname = split_part(wanted.name, '.', 1)
                  and procedure.proname = rtrim(split_part(wanted.name, '.', 2), '()')
                  and procedure.pronargs = 0) as function,
              (select oid from pg_catalog.pg_namespace where nspname = wanted.name) as schema,
              (select oid from pg_catalog.pg_roles where rolname = wanted.name) as role
     ) found`;
}
