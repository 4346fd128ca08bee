import { OrdersyncError } from '../errors.ts';

export const POSTGRES_VERSIONS = [15, 16, 17, 18] as const;
export type PostgresVersion = (typeof POSTGRES_VERSIONS)[number];

/** Text such as an environment variable to a supported major version; undefined means the newest. */
export function parsePostgresVersion(text: string | undefined): PostgresVersion {
  if (text === undefined || text === '') return 18;
  const version = POSTGRES_VERSIONS.find((candidate) => String(candidate) === text);
  if (version === undefined) {
    throw new OrdersyncError('usage', `no embedded PostgreSQL of version ${JSON.stringify(text)}`, {
      hint: `choose one of ${POSTGRES_VERSIONS.join(', ')}`,
    });
  }
  return version;
}
