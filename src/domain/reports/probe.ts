import { quoteIdentifier } from '../../db/identifiers.ts';
import type { Session } from '../../db/session.ts';
import type { Probe, ProbeRow } from './queries.ts';
import { readProbes } from './queries.ts';
import type { Requirement } from './requirement.ts';

/** Why a requirement is not met, and what would change that. */
export interface Lack {
  readonly reason: string;
  readonly fix: string;
}

export interface Probed {
  /** The schemas in which the extensions of the report lie. */
  readonly schemas: readonly string[];
  /** Undefined when it is met. */
  lackOf(requirement: Requirement): Lack | undefined;
}

/** Looks at all requirements at once; the session is in a transaction, and nothing that is asked can fail. */
export async function probe(session: Session, requirements: readonly Requirement[]): Promise<Probed> {
  const asked = requirements.filter((requirement) => probeOf(requirement) !== undefined);
  const probes = asked.flatMap((requirement) => probeOf(requirement) ?? []);
  const extensions = asked.flatMap((requirement) => (requirement.kind === 'extension' ? [requirement.name] : []));
  const rows = probes.length === 0 ? [] : await readProbes(session.sql, probes, extensions);
  const answers = new Map(asked.map((requirement, index) => [keyOf(requirement), rows[index]]));
  return {
    schemas: asked.flatMap((requirement, index) =>
      requirement.kind === 'extension' && rows[index]?.state === 'met' ? (rows[index]?.detail ?? []) : [],
    ),
    lackOf: (requirement) => lackOf(requirement, answers.get(keyOf(requirement)), session.server),
  };
}

/** What the server is asked; undefined for what the session knows already. */
function probeOf(requirement: Requirement): Probe | undefined {
  const none = { schema: null, column: null };
  switch (requirement.kind) {
    case 'extension':
    case 'setting':
    case 'role':
      return { kind: requirement.kind, subject: requirement.name, ...none };
    case 'function':
      return { kind: 'function', subject: requirement.signature, ...none };
    case 'table':
      return { kind: 'table', ...pathOf(requirement.name), column: null };
    case 'column':
      return { kind: 'column', ...pathOf(requirement.relation), column: requirement.column };
    default:
      return undefined;
  }
}

function pathOf(name: string): { schema: string | null; subject: string } {
  const [first = '', second] = name.split('.');
  return second === undefined ? { schema: null, subject: first } : { schema: first, subject: second };
}

function keyOf(requirement: Requirement): string {
  return JSON.stringify(requirement);
}

type Server = Session['server'];

function lackOf(requirement: Requirement, row: ProbeRow | undefined, server: Server): Lack | undefined {
  if (row?.state === 'met' && requirement.kind !== 'setting') return undefined;
  switch (requirement.kind) {
    case 'extension':
      return extensionLack(requirement.name, row, server);
    case 'setting':
      return settingLack(requirement, row);
    case 'column':
      return {
        reason: `${requirement.relation} has no column ${requirement.column} on this server`,
        fix: 'a newer PostgreSQL, or ALTER EXTENSION … UPDATE after an upgrade, brings it',
      };
    case 'table':
      return tableLack(requirement.name, row, server);
    case 'function':
      return {
        reason: `${as(server)} may not call ${requirement.signature}`,
        fix: `grant pg_monitor to ${quoteIdentifier(server.user)}`,
      };
    case 'role':
      return {
        reason: `${as(server)} is not a member of ${requirement.name}`,
        fix: `grant ${requirement.name} to ${quoteIdentifier(server.user)}`,
      };
    default:
      return serverLack(requirement, server);
  }
}

function extensionLack(name: string, row: ProbeRow | undefined, server: Server): Lack {
  if (row?.state === 'closed') {
    const schema = quoteIdentifier(row.detail ?? '');
    return {
      reason: `extension ${name} lies in schema ${schema}, which is closed to ${as(server)}`,
      fix: `grant usage on schema ${schema} to ${quoteIdentifier(server.user)}`,
    };
  }
  if (row?.state === 'available') {
    return {
      reason: `extension ${name} is not created in database ${server.database}`,
      fix: `create extension ${name}`,
    };
  }
  return {
    reason: `extension ${name} is not installed on the server`,
    fix: `install the package with ${name} (postgresql-contrib), then: create extension ${name}`,
  };
}

/** A setting that the server does not list: its library is not loaded, or it is hidden from this role. */
function settingLack(
  requirement: Extract<Requirement, { kind: 'setting' }>,
  row: ProbeRow | undefined,
): Lack | undefined {
  const { name, operator, value } = requirement;
  if (row?.state !== 'met') {
    const library = /^(\w+)\./.exec(name)?.[1];
    if (library === undefined) {
      return { reason: `the server does not show the setting ${name}`, fix: 'grant pg_read_all_settings to this role' };
    }
    return {
      reason: `${library} is not loaded: it is missing in shared_preload_libraries`,
      fix: `add ${library} to shared_preload_libraries and restart the server: this setting cannot change without a restart`,
    };
  }
  if (operator === undefined || (row.detail === value) === (operator === '=')) return undefined;
  const wanted = operator === '=' ? `is ${row.detail}, not ${value}` : `is ${row.detail}`;
  return { reason: `the setting ${name} ${wanted}`, fix: settingFix(name, operator, value) };
}

/** Both kinds of setting that reports ask for take effect without a restart. */
function settingFix(name: string, operator: '=' | '<>', value: string | undefined): string {
  const change = operator === '=' ? `set ${name} = '${value}'` : `reset ${name}`;
  return `alter system ${change}; select pg_reload_conf()`;
}

function tableLack(name: string, row: ProbeRow | undefined, server: Server): Lack {
  const user = quoteIdentifier(server.user);
  if (row?.state === 'closed')
    return { reason: `${as(server)} may not read ${name}`, fix: `grant select on ${name} to ${user}` };
  if (row?.state === 'filtered') {
    return {
      reason: `row security hides rows of ${name} from ${as(server)}`,
      fix: `run it as the owner of ${name}, or: alter role ${user} bypassrls`,
    };
  }
  return { reason: `there is no table ${name} in database ${server.database}`, fix: 'ordersync migrate up' };
}

function serverLack(
  requirement: Extract<Requirement, { kind: 'server' | 'primary' | 'standby' }>,
  { versionNum, version, inRecovery }: Server,
): Lack | undefined {
  if (requirement.kind === 'server') {
    if (versionNum >= requirement.major * 10_000) return undefined;
    return { reason: `PostgreSQL ${version} does not tell this`, fix: `PostgreSQL ${requirement.major} does` };
  }
  if (inRecovery === (requirement.kind === 'standby')) return undefined;
  const [is, other] = inRecovery ? ['standby', 'primary'] : ['primary', 'standby'];
  return { reason: `the server is a ${is}`, fix: `connect to the ${other}` };
}

function as({ user }: Server): string {
  return `role ${quoteIdentifier(user)}`;
}
