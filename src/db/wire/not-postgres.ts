import { OrdersyncError } from '../../errors.ts';

/** One message for everything that listens and is no PostgreSQL server: a web server, a proxy, a port that hangs up. */
export function notPostgres(
  address: string,
  what = 'does not answer as PostgreSQL does',
  cause?: unknown,
): OrdersyncError {
  return new OrdersyncError('connection', `what listens at ${address} ${what}`, {
    hint: 'check the port: PostgreSQL usually listens on 5432, PgBouncer on 6432',
    ...(cause === undefined ? {} : { cause }),
  });
}
