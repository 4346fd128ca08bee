import { defineCommand } from '../../cli/command.ts';
import { readArchives } from '../../domain/archive/list/queries.ts';
import { requireReadableJournal } from '../../domain/archive/list/readable.ts';
import { ARCHIVE_COLUMNS, archiveRow } from './reports.ts';
import { TABLE_OPTION } from './options.ts';

export const list = defineCommand({
  name: 'list',
  summary: 'every archive: month, state, rows, size, root, place and keys',
  description:
    'Reads the journal and the manifests that the database keeps; the store is not asked. States: planned, exported (its ' +
    'files are in the store), verified (read back and signed), detached (a table of its own), dropped, restored.',
  options: { table: TABLE_OPTION },
  examples: ['ordersync archive list', 'ordersync archive list --table audit_logs --format json'],
  run: async (ctx, { table }) => {
    const session = await ctx.db.session();
    await requireReadableJournal(session);
    return readArchives(session.sql, table);
  },
  present: (archives) => ({
    command: 'archive list',
    columns: ARCHIVE_COLUMNS,
    rows: archives.map(archiveRow),
    notes: archives.length === 0 ? ['nothing is archived yet: ordersync archive run --dry-run'] : [],
  }),
});
