import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { NewFile } from '../../domain/migrations/new.ts';
import { planNew, writeNew } from '../../domain/migrations/new.ts';
import type { Report } from '../../output/report.ts';

export const create = defineCommand({
  name: 'new',
  summary: 'write the files of a new migration',
  args: { name: option.text('what it does, such as add_coupon_code', { required: true, placeholder: 'name' }) },
  options: { ts: option.flag('a TypeScript migration for the builder of node-pg-migrate') },
  examples: ['ordersync migrate new add_coupon_code', 'ordersync migrate new add_coupon_code --ts'],
  plan: (ctx, { name, ts }) => planNew(ctx.config.migrationsDir, { name, typescript: ts }),
  presentPlan: (files) =>
    filesReport(
      files.map(({ path }) => path),
      'nothing was written',
    ),
  run: (_ctx, _request, files: readonly NewFile[]) => writeNew(files),
  present: (paths) => filesReport(paths, 'write the SQL, then look at it with: ordersync migrate plan'),
});

function filesReport(paths: readonly string[], note: string): Report {
  return { command: 'migrate new', columns: [{ name: 'file' }], rows: paths.map((file) => ({ file })), notes: [note] };
}
