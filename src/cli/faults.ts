import process from 'node:process';
import { OrdersyncError } from '../errors.ts';
import type { Io } from './io.ts';

/**
 * Kills, fails or interrupts this process at a named place, for tests of what it leaves behind:
 * `ORDERSYNC_FAULT=<point>[@<n>]:kill|throw|interrupt`, at the n-th time that the point is reached, the first by default. Outside
 * tests (NODE_ENV=test) the variable means nothing.
 * @throws OrdersyncError `config` for a fault that is spelt wrongly: a test of it would prove nothing
 */
export function plantedFault({ env }: Pick<Io, 'env'>): (point: string) => void {
  const text = env['ORDERSYNC_FAULT'];
  if (env['NODE_ENV'] !== 'test' || !text) return () => undefined;
  const [, point, time, action] = /^([a-z-]+)(?:@([1-9]\d*))?:(kill|throw|interrupt)$/.exec(text) ?? [];
  if (point === undefined)
    throw new OrdersyncError('config', `ORDERSYNC_FAULT "${text}" is not <point>[@<n>]:kill|throw|interrupt`);
  let left = Number(time ?? 1);
  return (reached) => {
    if (reached !== point) return;
    left -= 1;
    if (left !== 0) return;
    // Nothing runs after this, no `finally` either: as if the machine had lost its power.
    if (action === 'kill') process.kill(process.pid, 'SIGKILL');
    // What listens for Ctrl-C is called here and now: a signal that is sent is heard some steps later, and nobody knows where.
    if (action === 'interrupt') process.emit('SIGINT', 'SIGINT');
    else throw new OrdersyncError('precondition', `a fault was planted at ${point}`, { hint: 'unset ORDERSYNC_FAULT' });
  };
}
