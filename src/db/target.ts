import type { Opened } from './open.ts';
import type { ConnectionSettings, TargetSessionAttributes } from './settings/types.ts';

/** One round over the hosts for each kind of server; prefer-standby takes any server in its second. */
export function roundsOf({ targetSessionAttributes }: ConnectionSettings): TargetSessionAttributes[] {
  return targetSessionAttributes === 'prefer-standby' ? ['standby', 'any'] : [targetSessionAttributes];
}

const ACCEPT: Readonly<Record<TargetSessionAttributes, (opened: Opened) => boolean>> = {
  any: () => true,
  'prefer-standby': () => true,
  'read-write': ({ readOnly }) => !readOnly,
  'read-only': ({ readOnly }) => readOnly,
  primary: ({ session }) => !session.server.inRecovery,
  standby: ({ session }) => session.server.inRecovery,
};

export function isAcceptable(wanted: TargetSessionAttributes, opened: Opened): boolean {
  return ACCEPT[wanted](opened);
}
