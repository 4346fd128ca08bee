import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { OrdersyncError } from '../errors.ts';

/** Who runs the server. PostgreSQL refuses to run as root, so root hands it to an unprivileged user. */
export interface Account {
  readonly uid: number;
  /** Options for spawn: empty for an ordinary user, who runs the server as himself. */
  readonly identity: { readonly uid?: number; readonly gid?: number };
}

/** @throws OrdersyncError `not_enabled` on Windows, and when root has no unprivileged user to drop to. */
export function serverAccount(): Account {
  if (process.geteuid === undefined) {
    throw new OrdersyncError('not_enabled', 'the embedded server runs on Linux and macOS only', {
      hint: 'use the Windows Subsystem for Linux, or run the other commands on a server of your own: --url',
    });
  }
  const uid = process.geteuid();
  if (uid !== 0) return { uid, identity: {} };
  // initdb looks its user up by number, so it has to be one that the system knows: "nobody" is on every system.
  const nobody = { uid: numberOf('-u'), gid: numberOf('-g') };
  return { uid: nobody.uid, identity: nobody };
}

/** The temporary directory, or /tmp when the account cannot write there (root's TMPDIR may be his alone). */
export function temporaryDirectory(account: Account): string {
  const preferred = tmpdir();
  return writable(preferred, account) ? preferred : '/tmp';
}

function numberOf(option: '-u' | '-g'): number {
  const answer = spawnSync('id', [option, 'nobody'], { encoding: 'utf8' });
  const number = Number.parseInt(answer.stdout ?? '', 10);
  if (answer.status === 0 && number > 0) return number;
  throw new OrdersyncError('not_enabled', 'root cannot run PostgreSQL, and there is no user "nobody" to run it as', {
    hint: 'run the command as an ordinary user',
  });
}

function writable(directory: string, account: Account): boolean {
  const probe = spawnSync('/bin/sh', ['-c', 'test -w "$1" && test -x "$1"', 'sh', directory], {
    ...account.identity,
    cwd: '/',
  });
  if (probe.error !== undefined) {
    throw new OrdersyncError('not_enabled', `cannot run a process as user ${account.uid}: ${probe.error.message}`, {
      hint: 'run the command as an ordinary user',
      cause: probe.error,
    });
  }
  return probe.status === 0;
}
