import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Finding } from '../../domain/archive/verify/finding.ts';
import { trustOf } from '../../domain/archive/verify/trust.ts';
import type { CheckedManifest, Verified } from '../../domain/archive/verify/verify.ts';
import { verifyArchive } from '../../domain/archive/verify/verify.ts';
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
    'are only seen by the head in the store itself.',
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
  },
  examples: [
    'ordersync archive verify --from /srv/archive',
    'ordersync archive verify --from s3://archive/shop --public-key auditor.pem',
    'ordersync archive verify --table audit_logs --month 2025-01 --format json',
  ],
  steadyMemory: true,
  run: async function* (ctx, request) {
    const trust = await trustOf(ctx, request.publicKey);
    const { table: tables, month: months, sample, head } = request;
    const store = await storeOf(ctx, request);
    return yield* verifyArchive(ctx, { store, trust, noted: head, tables, months, sample });
  },
  present: verifiedReport,
});

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
  const files = manifests.reduce((sum, { files: count }) => sum + count, 0);
  const read = manifests.reduce((sum, { filesRead }) => sum + filesRead, 0);
  if (wrong.length > 0)
    return [`the archive is not as it was signed: ${wrong.length === 1 ? 'one finding' : `${wrong.length} findings`}`];
  const unread = read === files ? '' : `; of ${files - read} files only presence and size were looked at`;
  return [`${manifests.length} manifests and ${read} files are as they were signed${unread}`];
}

function findingRow({ sequence, place, fault, hour, message }: Finding): Row {
  return { manifest: sequence, state: fault, place, hour, problem: message };
}

function manifestRows({ manifest, rows, files, filesRead, bytes, findings }: CheckedManifest): Row[] {
  const { sequence, table, month } = manifest;
  if (findings.length > 0) return findings.map((finding) => ({ ...findingRow(finding), table, month }));
  return [{ manifest: sequence, table, month, state: 'proven', rows, files, files_read: filesRead, bytes }];
}
