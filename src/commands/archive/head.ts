import { defineCommand } from '../../cli/command.ts';
import type { KeptHead } from '../../domain/archive/list/queries.ts';
import { readKeptHead } from '../../domain/archive/list/queries.ts';
import { requireReadableJournal } from '../../domain/archive/list/readable.ts';
import type { Report } from '../../output/report.ts';

export const head = defineCommand({
  name: 'head',
  summary: 'the digest of the newest manifest, to be written down elsewhere',
  description:
    'Each manifest names the digest of the one before it, so this one digest stands for the whole archive. Kept where neither ' +
    'the database nor the store can be changed together with it, it shows later that the end of the chain was not cut off.',
  examples: ['ordersync archive head', 'ordersync archive head --format json'],
  run: async (ctx): Promise<KeptHead | undefined> => {
    const session = await ctx.db.session();
    await requireReadableJournal(session);
    return readKeptHead(session.sql);
  },
  present: headReport,
});

function headReport(found: KeptHead | undefined): Report {
  return {
    command: 'archive head',
    columns: [
      { name: 'sequence', type: 'integer' },
      { name: 'digest' },
      { name: 'table' },
      { name: 'month' },
      { name: 'location' },
      { name: 'signing_key', wide: true },
      { name: 'created_at', type: 'time', wide: true },
    ],
    rows:
      found === undefined
        ? []
        : [
            {
              sequence: found.sequence,
              digest: found.digest,
              table: found.table,
              month: found.month,
              location: found.location,
              signing_key: found.signingKey,
              created_at: found.createdAt,
            },
          ],
    notes: [
      found === undefined
        ? 'nothing is archived yet'
        : 'write sequence and digest down where neither this database nor the store can be changed with them',
    ],
  };
}
