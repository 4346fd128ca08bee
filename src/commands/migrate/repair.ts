import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { writableSession } from '../../domain/migrations/prepare.ts';
import type { Repair } from '../../domain/migrations/repair.ts';
import { applyRepair, planRepair } from '../../domain/migrations/repair.ts';
import type { Report } from '../../output/report.ts';
import { LOCK_OPTIONS } from './options.ts';

export const repair = defineCommand({
  name: 'repair',
  summary: 'put the ledger right for one version',
  description:
    'A changed or unverified file: its present checksum is accepted. A missing file: its row is removed. A half-run file: its steps ' +
    'are forgotten. The schema itself is never touched; --dry-run shows the old and the new checksum.',
  args: { version: option.text('version to repair', { required: true, placeholder: 'version' }) },
  options: LOCK_OPTIONS,
  examples: ['ordersync migrate repair 012 --dry-run', 'ordersync migrate repair 012'],
  plan: async (ctx, { version }) => planRepair(ctx, await writableSession(ctx), version),
  presentPlan: (planned, { version }) => repairReport(planned, version, 'nothing was changed'),
  intent: (planned) => (planned === undefined ? undefined : { action: describe(planned), destructive: true }),
  run: async function* (ctx, { wait }, planned: Repair | undefined) {
    if (planned === undefined) return undefined;
    return yield* applyRepair(ctx, await ctx.db.session(), { repair: planned, waitMs: wait });
  },
  present: (done, { version }) => repairReport(done, version, 'repaired'),
});

function describe({ action, version, oldChecksum, newChecksum }: Repair): string {
  if (action === 'accept file')
    return `replace checksum ${oldChecksum ?? 'none'} of version ${version} by ${newChecksum ?? 'none'}`;
  return action === 'forget version'
    ? `remove version ${version} from the ledger`
    : `forget the steps of version ${version}`;
}

function repairReport(planned: Repair | undefined, version: string, note: string): Report {
  return {
    command: 'migrate repair',
    columns: [
      { name: 'version' },
      { name: 'description' },
      { name: 'action' },
      { name: 'old_checksum' },
      { name: 'new_checksum' },
      { name: 'note' },
    ],
    rows:
      planned === undefined
        ? []
        : [
            {
              version: planned.version,
              description: planned.description,
              action: planned.action,
              old_checksum: planned.oldChecksum,
              new_checksum: planned.newChecksum,
              note: planned.note,
            },
          ],
    notes: [planned === undefined ? `version ${version} needs no repair` : note],
  };
}
