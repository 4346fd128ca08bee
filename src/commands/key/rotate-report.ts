import { describeTransaction } from '../../domain/keys/rotate/grace.ts';
import type { Ending, TypeRotation } from '../../domain/keys/rotate/rotation.ts';
import type { Outcome, Report, Row } from '../../output/report.ts';
import { confidenceOf } from './confidence.ts';
import { notesOf, sourcesOf, targetOf } from './rotate-plan-report.ts';

const OUTCOMES: Readonly<Record<Ending, Outcome>> = {
  finished: 'ok',
  'tables done': 'ok',
  'nothing to do': 'ok',
  'rows locked': 'partial',
  'transactions open': 'partial',
  'bad values': 'unhealthy',
  'not proven': 'unhealthy',
};

/** One row for each type, and in sentences what was left and why. */
export function rotateReport(rotations: readonly TypeRotation[]): Report {
  const outcomes = rotations.map(({ ending }) => OUTCOMES[ending]);
  return {
    command: 'key rotate',
    columns: [
      { name: 'type' },
      { name: 'from' },
      { name: 'to' },
      { name: 'state', type: 'state' },
      { name: 'rows', type: 'integer' },
      { name: 'values', type: 'integer' },
      { name: 'misses', type: 'integer' },
      { name: 'retries', type: 'integer', wide: true },
      { name: 'chunks', type: 'integer', wide: true },
      { name: 'bad_values', type: 'integer' },
      { name: 'locked_rows', type: 'integer' },
      { name: 'proven_values', type: 'integer' },
      { name: 'decrypted_values', type: 'integer', wide: true },
      { name: 'retired' },
      { name: 'run', wide: true },
      { name: 'started_at', type: 'time', wide: true },
      { name: 'locked', wide: true },
      { name: 'bad', wide: true },
      { name: 'against', wide: true },
    ],
    rows: rotations.map(rowOf),
    outcome: outcomes.includes('partial') ? 'partial' : outcomes.includes('unhealthy') ? 'unhealthy' : 'ok',
    notes: rotations.flatMap(sentences),
    warnings: rotations.flatMap(left),
  };
}

function rowOf({ plan, ending, run, work, bad, proof, retired }: TypeRotation): Row {
  return {
    type: plan.keyType,
    from: sourcesOf(plan),
    to: run?.toKeyId ?? targetOf(plan),
    state: ending,
    rows: work.rows,
    values: work.values,
    misses: work.misses,
    retries: work.retries,
    chunks: work.chunks,
    bad_values: bad.count,
    locked_rows: work.locked.count,
    proven_values: ending === 'finished' ? provenOf(proof) : null,
    decrypted_values: proof?.verified.values ?? null,
    retired: retired.join(', '),
    run: run?.id ?? null,
    started_at: run?.startedAt ?? null,
    locked: work.locked.rows.map(({ table, id }) => `${table} ${id}`),
    bad: bad.values.map(({ table, id, column, reason }) => `${table} ${id} ${column} ${reason}`),
    against: againstOf(proof),
  };
}

function provenOf(proof: TypeRotation['proof']): number | null {
  return proof?.values.reduce((sum, { values }) => sum + values, 0) ?? null;
}

function againstOf(proof: TypeRotation['proof']): string[] {
  return [
    ...(proof?.against ?? []).map(
      ({ table, column, values, keyId, kind }) => `${table}.${column}: ${values} ${keyId ?? kind}`,
    ),
    ...(proof?.findings ?? []).map(({ table, id, column, fault }) => `${table} ${id} ${column} ${fault}`),
  ];
}

function sentences(rotation: TypeRotation): string[] {
  return SENTENCES[rotation.ending](rotation, `ordersync key rotate --type ${rotation.plan.keyType}`);
}

const SENTENCES: Readonly<Record<Ending, (rotation: TypeRotation, again: string) => string[]>> = {
  finished: ({ run, proof, retired }) => [
    retired.length === 0
      ? `${run?.toKeyId}: another process finished the rotation`
      : `${retired.join(', ')} retired, still decrypts; every value is under ${run?.toKeyId}, ${decrypted(proof)}`,
    ...(proof?.verified.sampled && proof.verified.rows > 0 ? [confidenceOf(proof.verified.rows)] : []),
    ...vacuumHint(proof),
  ],
  'nothing to do': ({ plan }) =>
    plan.preflight === undefined ? notesOf(plan) : [`${plan.keyType}: another process has rotated it meanwhile`],
  'tables done': (_, again) => [
    `the tables asked for are done; others remain, and no key is retired: ${again} goes on with them`,
  ],
  'rows locked': (_, again) => [`locked rows are left, and no key is retired: ${again} goes on when they are released`],
  'transactions open': (_, again) => [
    `no key is retired while older transactions are open: ${again} goes on when they have ended`,
  ],
  'bad values': (_, again) => [
    `values that cannot be decrypted are left, and no key is retired; key verify explains them; then ${again}`,
  ],
  'not proven': (_, again) => [
    `the proof failed, and no key is retired: does an application use a key for longer than --grace? ${again} goes on`,
  ],
};

function decrypted(proof: TypeRotation['proof']): string {
  return `${proof?.verified.values ?? 0} of them decrypted with OpenSSL`;
}

function vacuumHint(proof: TypeRotation['proof']): string[] {
  const tables = (proof?.values ?? []).filter(({ values }) => values > 0).map(({ table }) => table);
  if (tables.length === 0) return [];
  return [`to reuse the room of old row versions: vacuum (analyze) ${tables.join(', ')}; never vacuum full`];
}

/** What is left, one sentence each. */
function left({ work, bad, open, proof }: TypeRotation): string[] {
  const { count, rows } = work.locked;
  return [
    ...rows.map(({ table, id }) => `locked: ${table} ${id}`),
    ...(count > rows.length ? [`the first ${rows.length} of ${count} locked rows are listed`] : []),
    ...bad.values.map(({ table, id, column, reason }) => `not decrypted: ${table} ${id}, ${column}: ${reason}`),
    ...(bad.count > bad.values.length ? [`the first ${bad.values.length} of ${bad.count} bad values are listed`] : []),
    ...open.map((transaction) => `open since before the grace period ended: ${describeTransaction(transaction)}`),
    ...againstOf(proof).map((what) => `against the proof: ${what}`),
  ];
}
