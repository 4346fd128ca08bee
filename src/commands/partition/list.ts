import { defineCommand } from '../../cli/command.ts';
import type { ListedPartition } from '../../domain/partitions/list.ts';
import { listPartitions } from '../../domain/partitions/list.ts';
import { nameOf } from '../../domain/partitions/locks.ts';
import { boundText } from '../../domain/partitions/table.ts';
import type { Row } from '../../output/report.ts';
import { TABLE_OPTION } from './options.ts';

export const list = defineCommand({
  name: 'list',
  summary: 'every partition: its range in UTC, rows, size, oldest and newest row',
  description:
    'Ranges are read from the bounds in the catalogue, never from names. A kind is month, underflow (everything before the ' +
    'first month), overflow (everything after the last), default, or odd: a range that is not one month in UTC.',
  options: TABLE_OPTION,
  examples: ['ordersync partition list', 'ordersync partition list --table orders --format json'],
  run: async (ctx, { table }) => listPartitions(await ctx.db.session(), table),
  present: (listed) => ({
    command: 'partition list',
    columns: [
      { name: 'table' },
      { name: 'partition' },
      { name: 'kind', type: 'state' },
      { name: 'range_from' },
      { name: 'range_to' },
      { name: 'rows_estimate', type: 'integer' },
      { name: 'size_bytes', type: 'bytes' },
      { name: 'oldest', type: 'time' },
      { name: 'newest', type: 'time' },
      { name: 'bound', wide: true },
    ],
    rows: listed.map(rowOf),
    notes: listed.flatMap(({ table, partition }) =>
      partition === undefined
        ? [`${nameOf(table)} has no partitions: ${table.unsupported ?? 'none are attached'}`]
        : [],
    ),
  }),
});

function rowOf({ table, partition, oldest, newest }: ListedPartition): Row {
  if (partition === undefined) {
    return { table: nameOf(table), kind: table.unsupported === undefined ? 'empty' : 'unpartitioned' };
  }
  return {
    table: nameOf(table),
    partition: partition.name,
    kind: partition.pending ? 'detaching' : partition.kind,
    range_from: boundText(partition.start) || null,
    range_to: boundText(partition.end) || null,
    rows_estimate: partition.rows,
    size_bytes: partition.bytes,
    oldest,
    newest,
    bound: partition.bound,
  };
}
