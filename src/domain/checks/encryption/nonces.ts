import { readDataKeys } from '../../encryption/queries.ts';
import type { Look, Sighting } from '../check.ts';
import { ok } from '../check.ts';
import { inSection } from '../section.ts';
import { readRepeatedHeads } from './queries.ts';
import { coverageOf, sampledTables } from './sample.ts';

/** A repetition shows only when both values are read: more rows than for the other checks. */
const ROWS_FACTOR = 20;

export async function lookForRepeatedNonces({ session, limitMs, signal, options }: Look): Promise<Sighting[]> {
  const sampled = await sampledTables(session, options.sampleRows * ROWS_FACTOR);
  const typeOf = new Map((await readDataKeys(session.sql)).map(({ keyType, material }) => [material?.kid, keyType]));
  const sightings: Sighting[] = [];
  for (const logicalName of new Set(sampled.map(({ table }) => table.logicalName))) {
    signal.throwIfAborted();
    const sharing = sampled.filter(({ table }) => table.logicalName === logicalName);
    const repeated = await inSection(session, limitMs, async () => readRepeatedHeads(session, sharing));
    for (const { position, kid, heads } of repeated) {
      const type = typeOf.get(kid) ?? sharing[0]?.table.pairs[position]?.keyType;
      sightings.push({
        severity: 'critical',
        evidence: `${logicalName}.${sharing[0]?.table.pairs[position]?.value}: ${heads} nonces of the key ${kid} stand for different values`,
        fix: { kind: 'command', text: `ordersync key rotate --type ${type} --if-older-than 0` },
      });
    }
  }
  if (sightings.length > 0) return sightings;
  const { partial } = coverageOf(sampled, 0);
  return [
    ok(partial.length === 0 ? 'all rows compared' : `compared: of ${partial.join(', ')}, all rows of the others`),
  ];
}
