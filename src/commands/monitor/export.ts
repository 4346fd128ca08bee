import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { loadRegistry } from '../../domain/metrics/registry.ts';
import type { Scrape } from '../../domain/metrics/scraper.ts';
import { createScraper } from '../../domain/metrics/scraper.ts';
import { replaceFile } from '../../domain/reports/replace-file.ts';
import type { Report } from '../../output/report.ts';
import { COLLECTOR_OPTIONS } from './collectors.ts';

interface Exported extends Scrape {
  readonly file: string | undefined;
}

export const exportMetrics = defineCommand({
  name: 'export',
  summary: 'all figures of the reports as metrics for Prometheus, once',
  description:
    'Writes the text format of Prometheus. With --output the file is replaced as a whole, for the textfile collector of node_exporter. When ' +
    'the server cannot be reached the answer is ordersync_up 0, and the exit code 3. There is no text of a statement, no account and ' +
    'no address in it.',
  options: {
    output: option.text('file to replace instead of writing to stdout', { placeholder: 'file' }),
    deadline: option.duration('how long everything may take, connecting included', { default: 60_000 }),
    ...COLLECTOR_OPTIONS,
  },
  examples: [
    'ordersync monitor export',
    'ordersync monitor export --output /var/lib/node_exporter/ordersync.prom',
    'ordersync monitor export --collect metrics --skip metrics/logins',
  ],
  run: async (ctx, { output, deadline, collect, skip, timeout }): Promise<Exported> => {
    const registry = await loadRegistry({ collect, skip });
    const scraper = createScraper(
      { clock: ctx.clock, signal: ctx.signal, open: () => ctx.db.session() },
      { registry, timeoutMs: timeout, deadlineMs: deadline, cacheMs: 0 },
    );
    const scrape = await scraper.scrape();
    if (output !== undefined) await replaceFile(output, scrape.text);
    return { ...scrape, file: output };
  },
  present: exportReport,
});

function exportReport({ text, samples, down, problems, file }: Exported): Report {
  return {
    command: 'monitor export',
    columns: [{ name: 'metric' }, { name: 'type' }, { name: 'labels' }, { name: 'value', type: 'text' }],
    rows: samples.map(({ family, labels, value }) => ({
      metric: family.name,
      type: family.type,
      labels: family.labels.map((label, index) => `${label}=${labels[index] ?? ''}`),
      value,
    })),
    text: file === undefined ? text : '',
    outcome: down === undefined ? 'ok' : 'unknown',
    warnings: [
      ...(down === undefined ? [] : [`ordersync_up is 0: ${down}`]),
      ...problems.map(({ collector, reason }) => `${collector}: ${reason}`),
    ],
    notes: file === undefined ? [] : [`${samples.length} figures are in ${file}`],
  };
}
