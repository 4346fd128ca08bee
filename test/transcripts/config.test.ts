import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { migrationFolder } from '../support/migration-files.ts';
import { transcribe } from './transcript.ts';

it('setting up a project reads like this', async () => {
  const cwd = await migrationFolder({});
  const scene = { env: {}, cwd, masks: [[cwd, '/shop']] as const };
  const before = await transcribe(scene, ['migrate status', 'config init', 'config init']);
  const environments = {
    dev: { host: 'localhost', dbname: 'shop', user: 'me' },
    prod: { host: 'db', dbname: 'shop', user: 'owner' },
  };
  const file = { defaultEnvironment: 'dev', migrations: './migrations', environments };
  writeFileSync(join(cwd, 'ordersync.config.json'), JSON.stringify(file));
  const after = await transcribe(scene, [
    'config show --origin --format csv',
    'config show --env prod --format markdown',
    'config show --env prdo',
  ]);
  await expect(`${before}\n${after}`).toMatchFileSnapshot('config.txt');
});
