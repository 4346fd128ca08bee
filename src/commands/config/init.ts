import { defineCommand } from '../../cli/command.ts';
import { writeProjectFile } from '../../domain/project/project-file.ts';

export const init = defineCommand({
  name: 'init',
  summary: 'write a first ordersync.config.json in this folder',
  examples: ['ordersync config init'],
  run: async (ctx) => writeProjectFile(ctx.config.projectFile),
  present: ({ file }) => ({
    command: 'config init',
    columns: [{ name: 'file' }],
    rows: [{ file }],
    notes: ['edit its environments, then: ordersync config show --origin'],
  }),
});
