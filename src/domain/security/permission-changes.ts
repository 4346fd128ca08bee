import type { Session } from '../../db/session.ts';
import { inSection } from '../checks/section.ts';
import { requireRows } from './access.ts';
import type { SecurityFinding, SecurityReport } from './finding.ts';
import type { PermissionChange } from './permission-changes-queries.ts';
import { readPermissionChanges } from './permission-changes-queries.ts';
import { readRoleFindings } from './roles.ts';

export interface PermissionChangesRequest {
  readonly sinceMs: number;
  readonly limitMs: number;
}

/** Who was given rights in the application, and who has dangerous ones in PostgreSQL. */
export async function findPermissionChanges(
  session: Session,
  { sinceMs, limitMs }: PermissionChangesRequest,
): Promise<SecurityReport> {
  await requireRows(session, ['audit_logs', 'users']);
  return inSection(session, limitMs, async () => {
    const changes = (await readPermissionChanges(session.sql, sinceMs)).map(findingOf);
    const roles = (await readRoleFindings(session.sql)).filter(({ severity }) => severity !== 'ok');
    return { findings: [...changes, ...roles], warnings: [] };
  });
}

function findingOf(change: PermissionChange): SecurityFinding {
  const { at, actor, actorRole, target, oldRole, newRole, permissionsChanged } = change;
  const what = [
    ...(newRole === null ? [] : [`role ${oldRole ?? '-'} → ${newRole}`]),
    ...(permissionsChanged ? ['permissions changed'] : []),
  ];
  const by = actor === null ? 'the system' : `user ${actor} (${actorRole ?? 'unknown'})`;
  return {
    severity: isGrave(change) ? 'critical' : 'warning',
    finding: 'permission_change',
    subject: `user ${target ?? '-'}`,
    count: null,
    firstAt: at,
    lastAt: at,
    detail: `${what.length === 0 ? 'what changed is encrypted' : what.join(', ')}, by ${by}`,
  };
}

/** A new administrator, or a change that nobody but an administrator may make. */
function isGrave({ newRole, actor, actorRole }: PermissionChange): boolean {
  return newRole === 'ADMIN' || (actor !== null && actorRole !== 'ADMIN');
}
