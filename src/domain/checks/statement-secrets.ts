import { quoteIdentifier, quoteQualified } from '../../db/identifiers.ts';
import { probe } from '../reports/probe.ts';
import { setSearchPath } from '../reports/queries.ts';
import type { Check, Fix, Look, Sighting } from './check.ts';
import { ok } from './check.ts';
import { inSection } from './section.ts';
import type { KeptStatement } from './statement-secrets-queries.ts';
import { readKeptSecrets } from './statement-secrets-queries.ts';

const LIBRARY = { kind: 'setting', name: 'pg_stat_statements.max' } as const;
const EXTENSION = { kind: 'extension', name: 'pg_stat_statements' } as const;

/** The rest is seen when these are gone. */
const MOST = 100;

export const STATEMENT_SECRETS_CHECK: Check = {
  id: 'sec.statement-secrets',
  title: 'pg_stat_statements keeps no password',
  box: 'on-call',
  profiles: ['pre-deploy', 'daily'],
  expected: 'no text that pg_stat_statements keeps, of any database, has a password in it',
  why: 'utility statements are kept with their literals: every member of pg_monitor reads them, and a file on the server has them',
  requires: [],
  look: async ({ session, limitMs }: Look) =>
    inSection(session, limitMs, async () => {
      const probed = await probe(session, [LIBRARY, EXTENSION]);
      if (probed.lackOf(LIBRARY) !== undefined) return [ok('pg_stat_statements is not loaded, and keeps nothing')];
      const lack = probed.lackOf(EXTENSION);
      const [schema] = probed.schemas;
      if (lack !== undefined) return [unknown(lack.reason, lack.fix)];
      await setSearchPath(session, probed.schemas);
      return judge(await readKeptSecrets(session.sql), { schema, user: session.server.user });
    }),
};

interface Names {
  /** Where the extension lies. */
  readonly schema: string | undefined;
  readonly user: string;
}

function judge(kept: readonly KeptStatement[], { schema, user }: Names): Sighting[] {
  const found = kept.filter(({ queryId }) => queryId !== null);
  const hidden = kept.filter(({ queryId }) => queryId === null).reduce((sum, { texts }) => sum + texts, 0);
  const reset = quoteQualified({ schema, name: 'pg_stat_statements_reset' });
  const sightings = [
    ...(found.length === 0 ? [] : [bad(`${found.length} statements are kept with a password`, PREVENT)]),
    ...found.slice(0, MOST).map((statement) => sightingOf(statement, reset)),
    ...(hidden === 0
      ? []
      : [unknown(`${hidden} texts are hidden from this role`, `grant pg_read_all_stats to ${quoteIdentifier(user)}`)]),
  ];
  return sightings.length === 0 ? [ok('none')] : sightings;
}

/** Forgetting the text does not make the password unknown to those who have read it. */
const PREVENT: Fix = {
  kind: 'doc',
  text:
    String.raw`change these passwords by \password, which sends a SCRAM verifier; ` +
    'pg_stat_statements.track_utility = off keeps none of these statements',
};

function sightingOf({ queryId, userId, databaseId, role, database, texts }: KeptStatement, reset: string): Sighting {
  const who = `${role ?? `a role that is gone (${userId})`} in ${database ?? `a database that is gone (${databaseId})`}`;
  return bad(`query id ${queryId} of ${who}: ${texts} texts`, {
    kind: 'sql',
    text: `select ${reset}(${userId}, ${databaseId}, ${queryId})`,
  });
}

function bad(evidence: string, fix: Fix): Sighting {
  return { severity: 'warning', evidence, fix };
}

function unknown(evidence: string, text: string): Sighting {
  return { severity: 'unknown', evidence, fix: { kind: 'sql', text } };
}
