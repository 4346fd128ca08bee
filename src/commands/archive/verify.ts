import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import type { Finding } from '../../domain/archive/verify/finding.ts';
import type { SampleRequest } from '../../domain/archive/verify/decrypt-sample.ts';
import { trustOf } from '../../domain/archive/verify/trust.ts';
import type { CheckedManifest, Verified } from '../../domain/archive/verify/verify.ts';
import { verifyArchive } from '../../domain/archive/verify/verify.ts';
import { loadDatabaseKeys } from '../../domain/encryption/database-keys.ts';
import type { Report, Row } from '../../output/report.ts';
import { FROM_OPTIONS, monthsOption, noted, PUBLIC_KEY_OPTION, tablesOption, storeOf } from './read-options.ts';

export const verify = defineCommand({
  name: 'verify',
  summary: 'read the whole archive again, and name whatever is not as it was signed',
  description:
    'The chain of manifests first: every signature, number, digest and predecessor, against the head that the database keeps ' +
    'and the one in the store. Then every byte of every file: its presence, size and sha256, its rows, and the root of each ' +
    'hour. Exit code 5 when anything differs, and the exact manifest, file or hour. With --public-key no database is needed: ' +
    'then --head tells the digest that was written down (ordersync archive head), without which manifests missing at the end ' +
    'are only seen by the head in the store itself.\n\n' +
    'Rows that archive rewrap has put into other files are proven there: of the files before, those that are gone are not ' +
    'missed. --decrypt-sample needs the database and its key store, and prints nothing of what it decrypts.',
  options: {
    ...FROM_OPTIONS,
    table: tablesOption('only archives of this table; may be repeated'),
    month: monthsOption('only archives of this month; may be repeated'),
    ...PUBLIC_KEY_OPTION,
    head: {
      ...option.text('digest of a manifest that was written down: the chain must contain it', {
        placeholder: 'sha256',
      }),
      parse: noted,
    },
    sample: option.integer(
      'read the bytes of only so many files, chosen at random; of the others only presence and size',
      {
        min: 1,
      },
    ),
    decryptSample: option.integer(
      'also decrypt the values of so many rows of each archived table and month, chosen at random',
      { min: 1, max: 100_000, placeholder: 'rows' },
    ),
  },
  examples: [
    'ordersync archive verify --from /srv/archive',
    'ordersync archive verify --from s3://archive/shop --public-key auditor.pem',
    'ordersync archive verify --table audit_logs --month 2025-01 --format json',
    'ordersync archive verify --sample 20 --decrypt-sample 100',
  ],
  steadyMemory: true,
  run: async function* (ctx, request) {
    const trust = await trustOf(ctx, request.publicKey);
    const { table: tables, month: months, sample, head } = request;
    const store = await storeOf(ctx, request);
    const decrypt = await sampleRequest(ctx, request.decryptSample);
    return yield* verifyArchive(ctx, { store, trust, noted: head, tables, months, sample, decrypt });
  },
  present: verifiedReport,
});

/** The key store is opened first: without it hours of reading would end in nothing. */
async function sampleRequest(ctx: Context, rows: number | undefined): Promise<SampleRequest | undefined> {
  if (rows === undefined) return undefined;
  await ctx.keys();
  const { sql } = await ctx.db.session();
  return { rows, databaseKeys: await loadDatabaseKeys(sql, async () => ctx.keys()) };
}

function verifiedReport(result: Verified): Report {
  const { manifests, findings, unnamed, head } = result;
  const wrong = [...findings, ...manifests.flatMap((manifest) => manifest.findings)];
  return {
    command: 'archive verify',
    columns: [
      { name: 'manifest', type: 'integer' },
      { name: 'table' },
      { name: 'month' },
      { name: 'state', type: 'state' },
      { name: 'rows', type: 'integer' },
      { name: 'files', type: 'integer' },
      { name: 'files_read', type: 'integer' },
      { name: 'bytes', type: 'bytes' },
      { name: 'decrypted', type: 'integer' },
      { name: 'superseded_by', type: 'integer' },
      { name: 'place' },
      { name: 'hour', type: 'time' },
      { name: 'problem' },
    ],
    rows: [...findings.map(findingRow), ...manifests.flatMap(manifestRows)],
    outcome: wrong.length > 0 ? 'unhealthy' : 'ok',
    notes: [
      ...summaryOf(result, wrong),
      ...(head === undefined ? [] : [`newest manifest: ${head.sequence}, ${head.digest}`]),
    ],
    warnings: unnamed.map(({ key, bytes }) => `${key} (${bytes} bytes) is in the store, and no manifest names it`),
  };
}

function summaryOf({ manifests }: Verified, wrong: readonly Finding[]): string[] {
  if (wrong.length > 0)
    return [`the archive is not as it was signed: ${wrong.length === 1 ? 'one finding' : `${wrong.length} findings`}`];
  const superseded = manifests.filter(({ supersededBy }) => supersededBy !== undefined);
  const live = manifests.filter(({ supersededBy }) => supersededBy === undefined);
  const files = sum(live, ({ files: count }) => count);
  const read = sum(manifests, ({ filesRead }) => filesRead);
  const liveRead = sum(live, ({ filesRead }) => filesRead);
  const unread = liveRead === files ? '' : `; of ${files - liveRead} files only presence and size were looked at`;
  const decrypted = sum(manifests, ({ decrypted: values }) => values);
  return [
    `${manifests.length} manifests and ${read} files are as they were signed${unread}`,
    ...(decrypted === 0 ? [] : [`${counted(decrypted, 'value')} of a sample can be decrypted`]),
    ...(superseded.length === 0
      ? []
      : [`${superseded.length} manifests are superseded: their rows are in later files, under other keys`]),
  ];
}

function sum(manifests: readonly CheckedManifest[], of: (manifest: CheckedManifest) => number): number {
  return manifests.reduce((total, manifest) => total + of(manifest), 0);
}

function findingRow({ sequence, place, fault, hour, message }: Finding): Row {
  return { manifest: sequence, state: fault, place, hour, problem: message };
}

function manifestRows(checked: CheckedManifest): Row[] {
  const { manifest, rows, files, filesRead, bytes, decrypted, supersededBy, findings } = checked;
  const { sequence, table, month } = manifest;
  if (findings.length > 0) return findings.map((finding) => ({ ...findingRow(finding), table, month }));
  const state = supersededBy === undefined ? 'proven' : 'superseded';
  const counts = { rows, files, files_read: filesRead, bytes, decrypted, superseded_by: supersededBy ?? null };
  return [{ manifest: sequence, table, month, state, ...counts }];
}
