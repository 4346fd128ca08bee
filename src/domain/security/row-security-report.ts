import type { Session } from '../../db/session.ts';
import { inSection } from '../checks/section.ts';
import type { Requirement } from '../checks/check.ts';
import { ROW_SECURITY_CHECK } from '../checks/row-security.ts';
import { readUnmet, unmetSightings } from '../checks/requirements.ts';
import type { SecurityFinding, SecurityReport } from './finding.ts';
import { stateFinding } from './finding.ts';
import { probeRowSecurity } from './row-security.ts';
import type { ProbedIdentity } from './row-security.ts';
import { readProtectedTables } from './row-security-queries.ts';
import type { ProtectedTable } from './row-security-queries.ts';

/** Row security as the catalogue says it is, and as it behaves. */
export async function findRowSecurity(session: Session, limitMs: number): Promise<SecurityReport> {
  const tables = await inSection(session, limitMs, async () => readProtectedTables(session.sql));
  const requirements: readonly Requirement[] = ROW_SECURITY_CHECK.requires;
  const missing = unmetSightings(requirements, await readUnmet(session, requirements), session.server.user);
  const behaviour =
    missing.length === 0
      ? (await probeRowSecurity(session, limitMs)).identities.flatMap(behaviourOf)
      : missing.map(({ evidence, fix }) =>
          stateFinding('unknown', 'behaviour', 'application_role', `${evidence}: ${fix?.text ?? ''}`),
        );
  return { findings: [...tables.map(tableFinding), ...behaviour], warnings: [] };
}

function tableFinding({ name, enabled, forced, policies }: ProtectedTable): SecurityFinding {
  const detail = `${enabled ? 'on' : 'off'}, ${forced ? 'also' : 'not'} for the owner, ${policies.length} policies: ${policies.join(', ')}`;
  const healthy = enabled && policies.length > 0;
  return { ...stateFinding(healthy ? 'ok' : 'critical', 'row_security', name, detail), count: policies.length };
}

function behaviourOf({ user, leaks, ownOrders }: ProbedIdentity): SecurityFinding[] {
  const subject = user === 0 ? 'nobody' : `user ${user} of 2`;
  const findings = leaks.map((table) =>
    stateFinding('critical', 'behaviour', subject, `application_role sees rows of others in ${table}`),
  );
  if (ownOrders === false)
    findings.push(stateFinding('critical', 'behaviour', subject, 'application_role does not see his orders'));
  return findings.length > 0
    ? findings
    : [stateFinding('ok', 'behaviour', subject, 'sees what is his, and nothing else')];
}
