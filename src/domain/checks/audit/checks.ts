import type { Check, Fix, Look, Requirement, Sighting } from '../check.ts';
import { ok } from '../check.ts';
import { inSection } from '../section.ts';
import type { Machinery } from './fixes.ts';
import { GUARDING, restoringFixes, WRITING } from './fixes.ts';
import type { AuditProbe, TriedChange, TriedTampering } from './probe-queries.ts';
import { mayChange, probeAudit, PROBING_ROLES } from './probe-queries.ts';

/** A row of the application is locked meanwhile: milliseconds, or not at all. */
const LIMIT_MS = 5000;

const REQUIRES: readonly Requirement[] = [
  ...['users', 'payments', 'audit_logs'].map((name) => ({ kind: 'rows', name: `public.${name}` }) as const),
  { kind: 'relation', name: 'public.current_user_profile' },
  ...Object.values(PROBING_ROLES).map((name) => ({ kind: 'member', name }) as const),
];

/** What the audit trail does when somebody tries; whatever is tried is taken back. */
export const AUDIT_CHECKS: readonly Check[] = [
  {
    id: 'sec.audit-writes',
    title: 'a change of a user or a payment leaves an audit row',
    box: '보안: 감사 로그 트리거 설정',
    profiles: ['pre-deploy', 'daily'],
    expected:
      'a change of one user as application_role, and of one payment as application_admin_role, is recorded (taken back)',
    why: 'a trigger can be there, be enabled, and write nothing',
    requires: REQUIRES,
    look: async (look) => {
      const probe = await probed(look);
      if ('severity' in probe) return [probe];
      return judged(look, WRITING, probe.changes.map(changeSighting));
    },
  },
  {
    id: 'sec.audit-immutable',
    title: 'nobody can change or delete an audit row',
    box: '보안: 감사 로그 트리거 설정',
    profiles: ['pre-deploy', 'daily'],
    expected: 'UPDATE and DELETE are refused to this role, application_role and application_admin_role (taken back)',
    why: 'whoever may change the log can hide what he did; grants alone do not bind the owner',
    requires: REQUIRES,
    look: async (look) => {
      const probe = await probed(look);
      return 'severity' in probe ? [probe] : judged(look, GUARDING, tamperingSightings(probe.tampering));
    },
  },
];

type Probed = Pick<AuditProbe, 'tampering'> & {
  readonly changes: readonly (TriedChange & { readonly granted: boolean })[];
};

function probed(look: Look): Promise<Probed | Sighting> {
  return look.once('audit probe', async () => tryOut(look));
}

async function tryOut({ session, limitMs }: Look): Promise<Probed | Sighting> {
  if (session.server.inRecovery) return unknown('this server is a standby, where nothing can be written', PRIMARY);
  const granted = await inSection(session, limitMs, async () => mayChange(session));
  const probe = await probeAudit(session, Math.min(limitMs, LIMIT_MS));
  if (probe === undefined) {
    const [evidence, text] = [
      'transactions of this session are read-only',
      'check as a role without default_transaction_read_only',
    ];
    return unknown(evidence, { kind: 'doc', text });
  }
  const changes = probe.changes.map((change) => ({ ...change, granted: granted[change.table] }));
  return { changes, tampering: probe.tampering };
}

const PRIMARY: Fix = {
  kind: 'doc',
  text: 'check the primary: target_session_attrs=primary finds it among several hosts',
};
const AGAIN: Fix = { kind: 'command', text: "ordersync check --only 'sec.audit-*'" };
const VERIFY: Fix = { kind: 'command', text: 'ordersync migrate verify' };

/** Lock not available, could not serialize, deadlock: somebody else was at work on that row. */
const MEANWHILE = new Set(['55P03', '40001', '40P01']);

function changeSighting({ granted, ...change }: Probed['changes'][number]): Sighting {
  const { table, role, outcome, auditRows, action } = change;
  const what = `a change of ${table} as ${role}`;
  if (outcome === 'none') {
    return unknown(`there is no row in ${table} to try it with`, {
      kind: 'doc',
      text: `look again when ${table} has rows`,
    });
  }
  if (!granted) return unknown(`${role} may not change ${table}, which the migrations grant`, VERIFY);
  if (MEANWHILE.has(outcome)) return unknown(`somebody else was changing the row of ${table}`, AGAIN);
  if (outcome === '0') return unknown(`${what} reached no row`, VERIFY);
  if (outcome !== '1') return bad(`${what} fails with ${outcome}: so does every one of the application`);
  if (auditRows === 0) return bad(`${what} left no audit row`);
  const lacks = lacking(change);
  if (lacks.length > 0) return bad(`the audit row of ${what} lacks ${lacks.join(' and ')}`);
  return ok(`${what} was recorded as ${action}, and taken back`);
}

function lacking({ table, action, namesActor, namesChange }: TriedChange): string[] {
  return [
    ...(action === (table === 'users' ? 'UPDATE_USER' : 'UPDATE_PAYMENT') ? [] : ['its action']),
    ...(namesActor ? [] : ['who did it']),
    ...(namesChange ? [] : ['what was changed']),
  ];
}

function tamperingSightings(tried: readonly TriedTampering[]): Sighting[] {
  const done = tried.filter(({ outcome }) => outcome === 'done');
  if (done.length > 0)
    return done.map(({ table, role, operation }) => bad(`${role} can ${operation} rows of ${table}`));
  const unclear = tried.filter(({ outcome }) => outcome !== 'refused');
  if (unclear.length > 0) {
    return unclear.map(({ table, operation, outcome }) =>
      unknown(`the attempt to ${operation} a row of ${table} ended with ${outcome}`, AGAIN),
    );
  }
  const [tables, roles] = [new Set(tried.map(({ table }) => table)), new Set(tried.map(({ role }) => role))];
  return [ok(`refused in ${[...tables].join(' and ')} to ${[...roles].join(', ')}`)];
}

function bad(evidence: string): Sighting {
  return { severity: 'critical', evidence, fix: undefined };
}

function unknown(evidence: string, fix: Fix): Sighting {
  return { severity: 'unknown', evidence, fix };
}

/** With what brings the triggers back, for each that is bad. */
async function judged(look: Look, machinery: Machinery, sightings: readonly Sighting[]): Promise<Sighting[]> {
  if (sightings.every(({ severity }) => severity !== 'critical')) return [...sightings];
  const fixes = await restoringFixes(look, machinery);
  return sightings.flatMap((sighting) =>
    sighting.severity === 'critical' ? fixes.map((fix) => ({ ...sighting, fix })) : [sighting],
  );
}
