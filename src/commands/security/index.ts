import type { Noun } from '../../cli/command.ts';

export const security: Noun = {
  verbs: {
    'failed-logins': async () => (await import('./failed-logins.ts')).failedLogins,
    'suspicious-ips': async () => (await import('./suspicious-ips.ts')).suspiciousIps,
    'permission-changes': async () => (await import('./permission-changes.ts')).permissionChanges,
    encryption: async () => (await import('./encryption.ts')).encryption,
    rls: async () => (await import('./rls.ts')).rls,
    roles: async () => (await import('./roles.ts')).roles,
  },
};
