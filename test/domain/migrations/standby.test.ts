import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareUp } from '../../../src/domain/migrations/prepare-plan.ts';
import { readStatus } from '../../../src/domain/migrations/status.ts';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import { testContext } from '../../support/context.ts';
import { startServer, startStandby } from '../../support/postgres.ts';
import { folderOf, refusalOf, up } from './runner.ts';

let primary: EmbeddedServer;
let standby: EmbeddedServer;
const FILES = { '001_a.up.sql': 'create table a (id int);', '002_b.up.sql': 'create table b (id int);' };

beforeAll(async () => {
  primary = await startServer();
  standby = await startStandby(primary);
});

afterAll(async () => {
  await standby.stop();
  await primary.stop();
});

test('on a standby status and plan answer, and up is refused in favour of the primary', async () => {
  const ctx = testContext(standby.url, await folderOf(FILES));
  const session = await ctx.db.session();
  expect((await readStatus(ctx, session)).states.map(({ state }) => state)).toEqual(['pending', 'pending']);
  expect((await prepareUp(ctx, session, {})).files).toHaveLength(2);
  const error = await refusalOf(up(standby, FILES));
  expect(error).toMatchObject({
    code: 'precondition',
    message: 'this server is a standby: migrations run on the primary',
  });
});
