import { describe, expect, it } from 'vitest';
import { POSTGRES_VERSIONS } from '../../../src/embedded/version.ts';
import { testServer } from '../../support/postgres.ts';
import { errorsSince, faultsOf, markLog } from './ask.ts';
import { readCalls } from './calls.ts';
import { usePlace } from './place.ts';
import { serveOnce } from './serve.ts';

/**
 * In short, on the versions that this run is not about: without demo data, the superuser and the role that sees least.
 * `npm run test:matrix` sets the version, and runs matrix.test.ts on each of them.
 */
const CALLS = await readCalls();

describe.runIf(process.env['ORDERSYNC_TEST_PG'] === undefined)('on each other version', () => {
  const others = POSTGRES_VERSIONS.filter((version) => version !== testServer().version);

  describe.each(others)('PostgreSQL %i', (version) => {
    const place = usePlace({ version });

    it.each(['superuser', 'plain role'] as const)(
      'every command answers a %s, and the server logs no error',
      async (role) => {
        const faults: string[] = [];
        for (const call of CALLS) faults.push(...(await faultsOf(place.current, role, call)));
        expect(faults).toEqual([]);
        const mark = await markLog(place.current);
        expect(await serveOnce(place.current, role)).toContain('\nordersync_up 1\n');
        expect(await errorsSince(mark, place.current)).toEqual([]);
      },
    );

    it('explains a statement that the extension has recorded', async () => {
      const { sql } = place.current;
      await sql`select name from scheduled_jobs where name = ${'cleanup'}`;
      const [row] = await sql<{ id: string }[]>`
        select queryid::text as id from pg_stat_statements where query like 'select name from scheduled_jobs where%'`;
      const { code, stdout } = await place.current.ordersync('superuser', ['monitor', 'explain', '--', row!.id]);
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/Scan.* on scheduled_jobs/) });
    });
  });
});
