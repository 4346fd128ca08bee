import type { Session, Sql } from '../../db/session.ts';
import { inSection } from '../checks/section.ts';
import type { SecurityFinding, SecurityReport } from './finding.ts';
import { stateFinding } from './finding.ts';
import type { DatabaseRole } from './roles-queries.ts';
import { readRoles } from './roles-queries.ts';

/** What every role of the server may do that others may not. */
export function findRoles(session: Session, limitMs: number): Promise<SecurityReport> {
  return inSection(session, limitMs, async () => ({ findings: await readRoleFindings(session.sql), warnings: [] }));
}

export async function readRoleFindings(sql: Sql): Promise<SecurityFinding[]> {
  return (await readRoles(sql)).flatMap(findingsOf);
}

function findingsOf(role: DatabaseRole): SecurityFinding[] {
  const powers = powersOf(role);
  const subject = `role ${role.name}`;
  const groups = role.memberOf.length === 0 ? '' : `, acts as ${role.memberOf.join(', ')}`;
  const grants = role.auditGrants.map((right) =>
    stateFinding('critical', 'audit_grant', subject, `may ${right.toLowerCase()} audit rows`),
  );
  if (powers.length === 0) {
    const detail = `${role.login ? 'logs in' : 'a group'}, no special rights${groups}${endOf(role)}`;
    return [...grants, stateFinding('ok', 'role', subject, detail)];
  }
  return [...grants, stateFinding(severityOf(role), 'role', subject, `${powers.join(', ')}${groups}${endOf(role)}`)];
}

function powersOf({ superuser, bypassRls, createRole, replication }: DatabaseRole): string[] {
  return [
    ...(superuser ? ['superuser'] : []),
    ...(bypassRls && !superuser ? ['bypasses row security'] : []),
    ...(createRole && !superuser ? ['creates roles'] : []),
    ...(replication && !superuser ? ['replicates everything'] : []),
  ];
}

/** The application must not have any of these; the first superuser and whoever owns the schema must have some. */
function severityOf({ first, login, memberOf, superuser, bypassRls }: DatabaseRole): SecurityFinding['severity'] {
  if (first) return 'ok';
  if (memberOf.some((name) => name.startsWith('application_'))) return 'critical';
  return login && (superuser || bypassRls) ? 'warning' : 'ok';
}

function endOf({ validUntil }: DatabaseRole): string {
  return validUntil === null ? '' : `, its password ends ${validUntil}`;
}
