import type { Probe, ProbedIdentity } from '../security/row-security.ts';
import { probeRowSecurity } from '../security/row-security.ts';
import { APPLICATION_ROLE, PROBED_TABLES } from '../security/row-security-queries.ts';
import type { Check, Fix, Sighting } from './check.ts';
import { ok } from './check.ts';

export const ROW_SECURITY_CHECK: Check = {
  id: 'sec.rls-behaviour',
  title: 'the application sees the rows of its user only',
  box: '보안: Row Level Security 설정 완료',
  profiles: ['pre-deploy', 'daily'],
  expected: "as application_role two users see their own orders and nobody else's rows, and nobody sees none",
  why: 'what policies, grants and roles come to together shows only when somebody tries',
  requires: [
    { kind: 'table', name: 'public.orders' },
    { kind: 'member', name: APPLICATION_ROLE },
    ...[...PROBED_TABLES, 'restaurants'].map((name) => ({ kind: 'rows' as const, name: `public.${name}` })),
  ],
  look: async ({ session, limitMs }) => sightingsOf(await probeRowSecurity(session, limitMs)),
};

const FIX: Fix = { kind: 'command', text: 'ordersync check --only sec.rls-enabled --only sec.policies' };

function sightingsOf({ tables, identities }: Probe): Sighting[] {
  const faults = identities.flatMap(faultsOf);
  if (faults.length > 0) return faults;
  const users = identities.length - 1;
  if (tables.length === 0 || users < 2) {
    const evidence =
      tables.length === 0
        ? `${APPLICATION_ROLE} may read none of the tables`
        : `only ${users} users have orders: two are needed to tell them apart`;
    return [
      {
        severity: 'unknown',
        evidence,
        fix: { kind: 'command', text: tables.length === 0 ? 'ordersync migrate up' : 'ordersync seed' },
      },
    ];
  }
  return [ok(`${users} users and nobody, in ${tables.join(', ')}`)];
}

function faultsOf({ user, leaks, ownOrders }: ProbedIdentity): Sighting[] {
  const who = user === 0 ? 'working for nobody' : `working for one user`;
  const sightings = leaks.map((table): Sighting => ({
    severity: 'critical',
    evidence: `${APPLICATION_ROLE}, ${who}, sees rows of others in ${table}`,
    fix: FIX,
  }));
  if (ownOrders !== false) return sightings;
  return [
    ...sightings,
    { severity: 'critical', evidence: `${APPLICATION_ROLE}, ${who}, does not see his orders`, fix: FIX },
  ];
}
