import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';

export const show = defineCommand({
  name: 'show',
  summary: 'every setting in force, without connecting',
  options: { origin: option.flag('also where each value comes from') },
  examples: ['ordersync config show --origin', 'ordersync config show --env prod --format json'],
  run: async (ctx) => ctx.config.settings(),
  present: ({ settings, warnings }, { origin }) => ({
    command: 'config show',
    columns: [{ name: 'setting' }, { name: 'value' }, ...(origin ? [{ name: 'origin' }] : [])],
    rows: settings.map((row) => (origin ? row : { setting: row.setting, value: row.value })),
    warnings,
  }),
});
