import type { Sql } from '../../db/session.ts';

export interface DatabaseRole {
  readonly name: string;
  readonly first: boolean;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly bypassRls: boolean;
  readonly createRole: boolean;
  readonly replication: boolean;
  /** Of the schema's group roles, those it has the rights of by membership. */
  readonly memberOf: readonly string[];
  /** ISO 8601 in UTC, when the password ends. */
  readonly validUntil: string | null;
  /** UPDATE, DELETE, TRUNCATE on the audit log, beyond the owner's and the rotator's. */
  readonly auditGrants: readonly string[];
}

/** Roles that can log in, or have a right that passes others by. pg_* roles of the server are left out. */
export function readRoles(sql: Sql): Promise<DatabaseRole[]> {
  return sql<DatabaseRole[]>`
    select roles.rolname as name,
           roles.oid = 10 as first,
           roles.rolcanlogin as login,
           roles.rolsuper as superuser,
           roles.rolbypassrls as "bypassRls",
           roles.rolcreaterole as "createRole",
           roles.rolreplication as replication,
           array(
             select grouped.rolname::text
               from pg_catalog.pg_roles grouped
              where grouped.rolname in ('application_role', 'application_admin_role', 'ordersync_rotator')
                and grouped.oid <> roles.oid and not roles.rolsuper
                and pg_has_role(roles.oid, grouped.oid, 'usage')
              order by 1) as "memberOf",
           case when isfinite(roles.rolvaliduntil)
             then to_char(roles.rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end as "validUntil",
           array(
             select distinct granted.privilege_type
               from pg_catalog.pg_class relation
               join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
              cross join lateral pg_catalog.aclexplode(relation.relacl) granted
              where namespace.nspname = 'public' and relation.relname in ('audit_logs', 'audit_logs_archive')
                and granted.grantee = roles.oid and granted.grantee <> relation.relowner
                and granted.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
              order by 1) as "auditGrants"
      from pg_catalog.pg_roles roles
     where roles.rolname !~ '^pg_'
     order by roles.rolname`;
}
