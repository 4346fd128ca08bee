import type { Sql } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';

/** What a table is made of, as far as a partitioned one in its place needs it. Definitions are PostgreSQL's own words. */
export interface Source {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** As SQL writes it. */
  readonly owner: string;
  readonly kind: string;
  readonly persistence: string;
  readonly owned: boolean;
  readonly comment: string | null;
  readonly rowSecurity: boolean;
  readonly forcedRowSecurity: boolean;
  /** Type of created_at, or null when there is no such column. */
  readonly timeType: string | null;
  readonly timeNotNull: boolean;
  readonly identity: readonly string[];
  readonly primaryKey: { readonly name: string; readonly columns: readonly string[] } | null;
  readonly referencedBy: readonly string[];
  readonly references: readonly string[];
  /** Views, rules and policies of other tables that depend on it, as words. */
  readonly dependents: readonly string[];
  readonly publications: readonly string[];
  readonly inherits: boolean;
  readonly checks: readonly Definition[];
  readonly foreignKeys: readonly Definition[];
  /** Without the primary key's. */
  readonly indexes: readonly (Definition & { readonly unique: boolean })[];
  readonly triggers: readonly (Definition & { readonly perRow: boolean; readonly enabled: string })[];
  readonly policies: readonly Definition[];
  /** Grantee and privilege. */
  readonly grants: readonly Definition[];
  /** Sequences that belong to its columns. */
  readonly sequences: readonly { readonly name: string; readonly column: string }[];
}

export interface Definition {
  readonly name: string;
  readonly definition: string;
}

/** @param name as SQL writes it @returns undefined when there is no such table */
export async function readSource(sql: Sql, name: string): Promise<Source | undefined> {
  const shape = await readShape(sql, name);
  return shape === undefined ? undefined : { ...shape, ...(await readParts(sql, shape.oid)) };
}

type Parts = Pick<Source, 'checks' | 'foreignKeys' | 'indexes' | 'triggers' | 'policies' | 'grants' | 'sequences'>;

async function readShape(sql: Sql, name: string): Promise<Omit<Source, keyof Parts> | undefined> {
  const [row] = await sql<{ source: Omit<Source, keyof Parts> }[]>`
    select jsonb_build_object(
             'oid', t.oid::text,
             'kind', t.relkind,
             'persistence', t.relpersistence,
             'schema', (select nspname from pg_namespace where oid = t.relnamespace),
             'name', t.relname,
             'owner', quote_ident(pg_get_userbyid(t.relowner)),
             'owned', pg_has_role(t.relowner, 'usage'),
             'comment', obj_description(t.oid, 'pg_class'),
             'rowSecurity', t.relrowsecurity,
             'forcedRowSecurity', t.relforcerowsecurity,
             'timeType', (select atttypid::regtype::text from pg_attribute
                           where attrelid = t.oid and attname = 'created_at' and not attisdropped),
             'timeNotNull', coalesce((select attnotnull from pg_attribute
                           where attrelid = t.oid and attname = 'created_at' and not attisdropped), false),
             'identity', (select coalesce(jsonb_agg(attname order by attnum), '[]') from pg_attribute
                           where attrelid = t.oid and attidentity <> '' and not attisdropped),
             'primaryKey', (select jsonb_build_object('name', conname, 'columns', (
                               select jsonb_agg(attname order by key.position)
                                 from unnest(conkey) with ordinality key (number, position)
                                 join pg_attribute on attrelid = t.oid and attnum = key.number))
                              from pg_constraint where conrelid = t.oid and contype = 'p'),
             'referencedBy', (select coalesce(jsonb_agg(distinct conrelid::regclass::text), '[]')
                                from pg_constraint where confrelid = t.oid and contype = 'f'),
             'references', (select coalesce(jsonb_agg(distinct confrelid::regclass::text), '[]')
                              from pg_constraint where conrelid = t.oid and contype = 'f'),
             'dependents', (select coalesce(jsonb_agg(distinct pg_describe_object('pg_class'::regclass, rewrite.ev_class, 0)), '[]')
                              from pg_depend
                              join pg_rewrite rewrite on rewrite.oid = objid
                             where classid = 'pg_rewrite'::regclass and refclassid = 'pg_class'::regclass
                               and refobjid = t.oid),
             'publications', (select coalesce(jsonb_agg(pubname order by pubname), '[]')
                                from pg_publication_rel join pg_publication on pg_publication.oid = prpubid
                               where prrelid = t.oid),
             'inherits', exists (select from pg_inherits where inhrelid = t.oid or inhparent = t.oid)
           ) as source
      from pg_class t
     where t.oid = to_regclass(${name})`;
  return row?.source;
}

/** What belongs to the table and is made again for the partitioned one. */
async function readParts(sql: Sql, oid: string): Promise<Parts> {
  const [row] = await sql<{ source: Parts }[]>`
    select jsonb_build_object(
             'checks', (select coalesce(jsonb_agg(jsonb_build_object('name', conname,
                            'definition', pg_get_constraintdef(oid)) order by conname), '[]')
                          from pg_constraint where conrelid = t.oid and contype = 'c'),
             'foreignKeys', (select coalesce(jsonb_agg(jsonb_build_object('name', conname,
                            'definition', pg_get_constraintdef(oid)) order by conname), '[]')
                          from pg_constraint where conrelid = t.oid and contype = 'f'),
             'indexes', (select coalesce(jsonb_agg(jsonb_build_object('name', relname, 'unique', indisunique,
                            'definition', pg_get_indexdef(indexrelid)) order by relname), '[]')
                          from pg_index join pg_class on pg_class.oid = indexrelid
                         where indrelid = t.oid and not indisprimary and indisvalid),
             'triggers', (select coalesce(jsonb_agg(jsonb_build_object('name', tgname, 'perRow', tgtype & 1 = 1,
                            'enabled', tgenabled, 'definition', pg_get_triggerdef(oid)) order by tgname), '[]')
                          from pg_trigger where tgrelid = t.oid and not tgisinternal),
             'policies', (select coalesce(jsonb_agg(jsonb_build_object('name', polname, 'definition', concat_ws(' ',
                            'as', case when polpermissive then 'permissive' else 'restrictive' end,
                            'for', case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                                               when 'd' then 'delete' else 'all' end,
                            'to', (select string_agg(case role when 0 then 'public' else quote_ident(pg_get_userbyid(role)) end, ', ')
                                     from unnest(polroles) role),
                            'using (' || pg_get_expr(polqual, polrelid) || ')',
                            'with check (' || pg_get_expr(polwithcheck, polrelid) || ')')) order by polname), '[]')
                          from pg_policy where polrelid = t.oid),
             'grants', (select coalesce(jsonb_agg(jsonb_build_object('name', grantee,
                            'definition', privilege_type || columns) order by grantee, privilege_type, columns), '[]')
                          from (
                            select privilege_type, '' as columns, t.relowner as owner, acl.grantee as role,
                                   case acl.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
                              from aclexplode(t.relacl) acl
                            union all
                            select privilege_type, format(' (%I)', attname), t.relowner, acl.grantee,
                                   case acl.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end
                              from pg_attribute, aclexplode(attacl) acl
                             where attrelid = t.oid and not attisdropped
                          ) rights
                         where role <> owner),
             'sequences', (select coalesce(jsonb_agg(jsonb_build_object('name', objid::regclass::text, 'column', attname)), '[]')
                             from pg_depend
                             join pg_class sequence on sequence.oid = objid and sequence.relkind = 'S'
                             join pg_attribute on attrelid = t.oid and attnum = refobjsubid
                            where classid = 'pg_class'::regclass and refobjid = t.oid and deptype = 'a')
           ) as source
      from pg_class t
     where t.oid = ${oid}::oid`;
  if (row === undefined) throw new OrdersyncError('precondition', 'the table was dropped meanwhile');
  return row.source;
}

/** How far the conversion has come: its constraint and its index, with the names they were given. */
export async function readProgress(
  sql: Sql,
  names: { readonly table: string; readonly constraint: string; readonly index: string },
): Promise<{
  readonly constraint: { definition: string; valid: boolean } | null;
  readonly index: 'absent' | 'invalid' | 'valid';
}> {
  const [row] = await sql<
    { definition: string | null; valid: boolean | null; index: 'absent' | 'invalid' | 'valid' }[]
  >`
    select (select pg_get_constraintdef(oid) from pg_constraint
             where conrelid = to_regclass(${names.table}) and conname = ${names.constraint}) as definition,
           (select convalidated from pg_constraint
             where conrelid = to_regclass(${names.table}) and conname = ${names.constraint}) as valid,
           coalesce((select case when indisvalid then 'valid' else 'invalid' end from pg_index
             join pg_class on pg_class.oid = indexrelid
            where indrelid = to_regclass(${names.table}) and relname = ${names.index}), 'absent') as index`;
  const { definition = null, valid = false, index = 'absent' } = row ?? {};
  return { constraint: definition === null ? null : { definition, valid: valid === true }, index };
}
