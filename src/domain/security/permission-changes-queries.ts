import type { Sql } from '../../db/session.ts';

export interface PermissionChange {
  readonly at: string;
  /** Who did it; null for system work. */
  readonly actor: string | null;
  readonly actorRole: string | null;
  readonly target: string | null;
  readonly oldRole: string | null;
  readonly newRole: string | null;
  readonly permissionsChanged: boolean;
}

/**
 * Changes of roles and rights, from the part of the audit row that is in the clear. Not each UPDATE_USER, which is any
 * change of a profile.
 */
export function readPermissionChanges(sql: Sql, sinceMs: number): Promise<PermissionChange[]> {
  return sql<PermissionChange[]>`
    select to_char(audit.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
           audit.user_id as actor,
           actor.role as "actorRole",
           audit.resource_id as target,
           audit.changes -> 'role' ->> 'old' as "oldRole",
           audit.changes -> 'role' ->> 'new' as "newRole",
           coalesce(audit.changes ? 'permissions', false) as "permissionsChanged"
      from public.audit_logs audit
      left join public.users actor on actor.id = audit.user_id
     where (audit.action = 'UPDATE_PERMISSIONS' or audit.action = 'UPDATE_USER' and audit.changes ?| array['role', 'permissions'])
       and audit.created_at > now() - ${sinceMs}::double precision * interval '1 millisecond'
     order by audit.created_at desc
     limit 1000`;
}
