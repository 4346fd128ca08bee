import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import type { RegistryDifference } from '../../encryption/catalogue.ts';
import { compareRegistry } from '../../encryption/catalogue.ts';
import { ENCRYPTED_TABLES } from '../../encryption/registry.ts';
import type { Fix, Look, Sighting } from '../check.ts';
import { ok } from '../check.ts';

export async function lookAtRegistry({ session }: Look): Promise<Sighting[]> {
  const differences = await compareRegistry(session.sql);
  const pairs = ENCRYPTED_TABLES.reduce((sum, table) => sum + table.pairs.length, 0);
  if (differences.length === 0) return [ok(`${pairs} pairs in ${ENCRYPTED_TABLES.length} tables`)];
  return differences.map((difference) => ({
    severity: difference.fault === 'nullability' ? 'warning' : 'critical',
    evidence: `${difference.table}.${difference.column}: ${EXPLANATIONS[difference.fault]}`,
    fix: fixFor(difference),
  }));
}

const EXPLANATIONS: Readonly<Record<RegistryDifference['fault'], string>> = {
  unregistered: 'looks encrypted, and the program does not know it',
  missing: 'is not in the database',
  nullability: 'may be null on one side only',
};

function fixFor({ table, column, fault }: RegistryDifference): Fix {
  if (fault === 'missing') return { kind: 'command', text: 'ordersync migrate up' };
  if (fault === 'unregistered') {
    return {
      kind: 'doc',
      text: 'archive or drop the table if it is a detached month; else use a version that knows the column',
    };
  }
  const pair = ENCRYPTED_TABLES.find(({ name }) => name === table)?.pairs.find(
    ({ value, key }) => value === column || key === column,
  );
  const change = pair?.nullable === true ? 'drop' : 'set';
  const name = quoteQualified({ schema: 'public', name: table });
  return { kind: 'sql', text: `alter table ${name} alter column ${quoteIdentifier(column)} ${change} not null` };
}
