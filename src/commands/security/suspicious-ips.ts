import { option } from '../../cli/options.ts';
import { findSuspiciousIps } from '../../domain/security/suspicious-ips.ts';
import { findingCommand } from './finding-command.ts';

const HOUR_MS = 3_600_000;

export const suspiciousIps = findingCommand({
  name: 'suspicious-ips',
  summary: 'addresses that many users come from, by keyed hash',
  description:
    'Equal addresses have different ciphertexts, so they are counted by ip_hash. --decrypt shows the network of each ' +
    'address, such as 203.0.113.x; it needs the key store, and the address itself is never shown.',
  options: {
    since: option.duration('how far to look back', { default: HOUR_MS }),
    users: option.integer('users from one address', { min: 2, default: 10 }),
    decrypt: option.flag('show the network of each address, decrypted in memory'),
  },
  examples: ['ordersync security suspicious-ips', 'ordersync security suspicious-ips --since 1d --users 50 --decrypt'],
  look: async (ctx, session, { since, users, decrypt, timeout }) =>
    findSuspiciousIps(ctx, session, { sinceMs: since, users, decrypt, limitMs: timeout }),
});
