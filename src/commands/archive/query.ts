import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Values } from '../../cli/options.ts';
import type { Context, Work } from '../../context.ts';
import type { QueryResult } from '../../domain/archive/query/query.ts';
import { queryArchive } from '../../domain/archive/query/query.ts';
import { orStopped } from '../../domain/archive/stopped.ts';
import { provenChain } from '../../domain/archive/verify/chain.ts';
import { trustOf } from '../../domain/archive/verify/trust.ts';
import type { Report } from '../../output/report.ts';
import { FROM_OPTIONS, monthsOption, PUBLIC_KEY_OPTION, storeOf } from './read-options.ts';

const MB = 1024 ** 2;

const OPTIONS = {
  month: monthsOption('only this month; may be repeated. Default: all'),
  ...FROM_OPTIONS,
  ...PUBLIC_KEY_OPTION,
  trustFiles: option.flag('take files of this machine for what their manifests say, without reading all of them first'),
  limit: option.integer('the most rows to show', { min: 1, max: 1_000_000, default: 10_000 }),
  memory: option.bytes('what DuckDB may use of the memory', { default: 512 * MB }),
  maxCopy: option.bytes('the most to copy from another store', { default: 4096 * MB }),
};
const ARGUMENTS = { sql: option.text('one SELECT', { required: true }) };

export const query = defineCommand({
  name: 'query',
  summary: 'ask the archive by SQL, through DuckDB',
  description:
    'One SELECT over the archived months: a view for each archived table and for what left with it (order_items), and the ' +
    'columns year and month by which other files stay unread. Encrypted values stay encrypted. Only files that signed ' +
    'manifests name are read, each checked by its sha256 before; the query can reach no other file and no network. Needs ' +
    '@duckdb/node-api. Files of another store are copied to a temporary folder first.',
  args: ARGUMENTS,
  options: OPTIONS,
  examples: [
    'ordersync archive query "select count(*) from audit_logs" --month 2025-01',
    'ordersync archive query "select * from orders limit 9" --from /srv/archive',
  ],
  run: (ctx, request) =>
    orStopped(ask(ctx, request), () => ({
      kept: false,
      said: 'the question has no answer',
      hint: 'ask again; --month, or a condition on year and month, leaves other files unread',
    })),
  present: resultReport,
});

async function* ask(ctx: Context, request: Values<typeof OPTIONS> & Values<typeof ARGUMENTS>): Work<QueryResult> {
  const store = await storeOf(ctx, request);
  const chain = yield* provenChain(ctx, { store, trust: await trustOf(ctx, request.publicKey) });
  return yield* queryArchive(
    ctx,
    { store, chain },
    {
      text: request.sql,
      months: request.month,
      mostRows: request.limit,
      memoryBytes: request.memory,
      copyBytes: request.maxCopy,
      trustFiles: request.trustFiles,
    },
  );
}

function resultReport({ columns, rows, cut, files }: QueryResult): Report {
  return {
    command: 'archive query',
    columns,
    rows: rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]]))),
    notes: [`${rows.length} ${rows.length === 1 ? 'row' : 'rows'} of ${files} ${files === 1 ? 'file' : 'files'}`],
    warnings: cut
      ? [`there are more than ${counted(rows.length, 'row')}: narrow the query, or show more with --limit`]
      : [],
  };
}
