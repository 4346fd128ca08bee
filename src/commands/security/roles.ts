import { findRoles } from '../../domain/security/roles.ts';
import { findingCommand } from './finding-command.ts';

const DAY_MS = 86_400_000;

export const roles = findingCommand({
  name: 'roles',
  summary: 'what each PostgreSQL role may do that others may not',
  description:
    'Superusers, roles that bypass row security, create roles or replicate, and who acts as the application. Critical when ' +
    'a role of the application has any of these.',
  options: {},
  examples: ['ordersync security roles', 'ordersync security roles --format json'],
  windowMs: DAY_MS,
  look: async (_ctx, session, { timeout }) => findRoles(session, timeout),
});
