import { findRowSecurity } from '../../domain/security/row-security-report.ts';
import { findingCommand } from './finding-command.ts';

const DAY_MS = 86_400_000;

export const rls = findingCommand({
  name: 'rls',
  summary: 'row security: where it is on, its policies, and what the application really sees',
  description:
    'Acts as application_role for two users and for nobody, in a read-only transaction that is rolled back, and looks for ' +
    'rows that it must not see.',
  options: {},
  examples: ['ordersync security rls'],
  windowMs: DAY_MS,
  look: async (_ctx, session, { timeout }) => findRowSecurity(session, timeout),
});
