import { option } from '../../cli/options.ts';
import { findPermissionChanges } from '../../domain/security/permission-changes.ts';
import { findingCommand } from './finding-command.ts';

const DAY_MS = 86_400_000;

export const permissionChanges = findingCommand({
  name: 'permission-changes',
  summary: 'who was given rights, and which PostgreSQL roles have dangerous ones',
  description:
    'Changes of roles and permissions from the audit log; critical when somebody becomes an administrator, or when who ' +
    'made the change is none. Then superusers, roles that bypass row security, and grants that let somebody change audit_logs.',
  options: { since: option.duration('how far to look back', { default: DAY_MS }) },
  examples: ['ordersync security permission-changes', 'ordersync security permission-changes --since 30d --format csv'],
  look: async (_ctx, session, { since, timeout }) =>
    findPermissionChanges(session, { sinceMs: since, limitMs: timeout }),
});
