import { option } from '../../cli/options.ts';
import { findEncryption } from '../../domain/security/encryption.ts';
import { findingCommand } from './finding-command.ts';

const DAY_MS = 86_400_000;

export const encryption = findingCommand({
  name: 'encryption',
  summary: 'plaintext, half pairs, unknown keys, repeated nonces and old keys',
  description:
    'Looks at all rows of small tables and at a sample of large ones, and says how much that was. Decrypts some values of ' +
    'each table in memory when there is a key store. ordersync key verify reads everything.',
  options: {
    sampleRows: option.integer('rows of each table to look at', { min: 1, max: 100_000_000, default: 10_000 }),
  },
  examples: ['ordersync security encryption', 'ordersync security encryption --sample-rows 1000000 --timeout 10m'],
  windowMs: DAY_MS,
  look: (ctx, session, { sampleRows, timeout }) => findEncryption(ctx, session, { sampleRows, limitMs: timeout }),
});
