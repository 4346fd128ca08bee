import type { Probe, ProbedIdentity } from '../security/row-security.ts';
import { probeRowSecurity } from '../security/row-security.ts';
import { APPLICATION_ROLE, PROBED_TABLES } from '../security/row-security-queries.ts';
import type { Check, Fix, Look, Sighting } from './check.ts';
import { ok } from './check.ts';
import { missingObjects, unexpectedPolicies } from './schema/compare.ts';
import { readIdlePolicies } from './schema/queries.ts';
import { inSection } from './section.ts';

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
  look: async (look) => sightingsOf(look, await probeRowSecurity(look.session, look.limitMs)),
};

async function sightingsOf(look: Look, { tables, identities }: Probe): Promise<Sighting[]> {
  const faults = identities.flatMap(faultsOf);
  if (faults.length > 0) {
    const fixes = await causesOf(look);
    return faults.flatMap((evidence) => fixes.map((fix) => ({ severity: 'critical' as const, evidence, fix })));
  }
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

/** What makes the application see too much or too little: policies that rest, were added, or are missing. */
async function causesOf(look: Look): Promise<Fix[]> {
  const { session, limitMs } = look;
  const idle = await inSection(session, limitMs, async () => readIdlePolicies(session));
  const fixes = [
    ...idle.map((name): Fix => ({ kind: 'sql', text: `alter table public.${name} enable row level security` })),
    ...(await unexpectedPolicies(look)).flatMap(({ fix }) => fix ?? []),
    ...(await missingObjects(look, 'policy', 'critical')).flatMap(({ fix }) => fix ?? []),
  ];
  return fixes.length > 0 ? fixes : [{ kind: 'command', text: 'ordersync migrate verify' }];
}

function faultsOf({ user, leaks, ownOrders }: ProbedIdentity): string[] {
  const who = `${APPLICATION_ROLE}, working for ${user === 0 ? 'nobody' : 'one user'},`;
  return [
    ...leaks.map((table) => `${who} sees rows of others in ${table}`),
    ...(ownOrders === false ? [`${who} does not see his orders`] : []),
  ];
}
