import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { readAlertRules } from '../../domain/metrics/rules.ts';

export const rules = defineCommand({
  name: 'rules',
  summary: 'alert rules for Prometheus on the metrics of monitor serve, as YAML',
  description:
    'Put the output into a file that rule_files of Prometheus names. Each alert has a severity (critical, warning, info) and a runbook. Connects ' +
    'to nothing.',
  options: {
    runbooks: option.text('address of docs/prometheus.md where your team reads it', { placeholder: 'url' }),
  },
  examples: [
    'ordersync monitor rules > /etc/prometheus/rules/ordersync.yml',
    'ordersync monitor rules --runbooks https://wiki.example/ordersync/prometheus',
  ],
  run: async (_, { runbooks }) => readAlertRules(runbooks),
  present: (text) => ({ command: 'monitor rules', columns: [{ name: 'rules' }], rows: [{ rules: text }], text }),
});
