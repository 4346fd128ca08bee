import { defineCommand } from '../../cli/command.ts';
import { dashboardOf } from '../../domain/metrics/dashboard.ts';
import { loadRegistry } from '../../domain/metrics/registry.ts';

export const dashboard = defineCommand({
  name: 'dashboard',
  summary: 'a dashboard for Grafana on the metrics of monitor serve, as JSON',
  description: 'To be imported, or put into a folder that Grafana provisions from. Connects to nothing.',
  examples: ['ordersync monitor dashboard > ordersync-dashboard.json'],
  run: async () => dashboardOf(await loadRegistry()),
  present: (model) => ({
    command: 'monitor dashboard',
    columns: [{ name: 'dashboard' }],
    rows: [{ dashboard: JSON.stringify(model) }],
    text: JSON.stringify(model, undefined, 2),
  }),
});
