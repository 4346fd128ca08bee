import { option } from '../../cli/options.ts';
import { findFailedLogins } from '../../domain/security/failed-logins.ts';
import { findingCommand } from './finding-command.ts';

const HOUR_MS = 3_600_000;

export const failedLogins = findingCommand({
  name: 'failed-logins',
  summary: 'brute force, credential stuffing, log-ins that succeed after failures, locked accounts',
  description:
    'Counts failed log-ins by account, by address and over all: a list of stolen passwords fails once on each account, ' +
    'and no count by account sees it. Accounts and addresses are shown by their keyed hashes.',
  options: {
    since: option.duration('how far to look back', { default: HOUR_MS }),
    threshold: option.integer('failures of one account', { min: 1, default: 5 }),
    accounts: option.integer('accounts that fail from one address', { min: 2, default: 20 }),
    before: option.integer('failures before a success', { min: 1, default: 3 }),
    burst: option.integer('accounts that fail exactly once, from wherever', { min: 2, default: 100 }),
  },
  examples: ['ordersync security failed-logins', 'ordersync security failed-logins --since 1d --threshold 10 --record'],
  look: async (_ctx, session, { since, threshold, accounts, before, burst, timeout }) =>
    findFailedLogins(session, { sinceMs: since, threshold, accounts, before, burst, limitMs: timeout }),
});
