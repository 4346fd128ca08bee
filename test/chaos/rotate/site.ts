import postgres from 'postgres';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import type { FakeKms } from '../../support/kms/server.ts';
import { startKms } from '../../support/kms/server.ts';
import { startServer } from '../../support/postgres.ts';
import type { Ended } from '../../support/program.ts';
import { runProgram } from '../../support/program.ts';
import { migrateUp } from '../../support/schema.ts';
import type { Checked } from './checker.ts';
import { checkDatabase } from './checker.ts';
import { fillShop } from './fill.ts';
import type { Shop } from './shop.ts';

/** A server, a KMS and a shop of their own: a crash of this server may disturb nobody else. */
export interface Site {
  readonly server: EmbeddedServer;
  /** Superuser's client of the shop's database. */
  readonly sql: postgres.Sql;
  readonly kms: FakeKms;
  readonly shop: Shop;
  /** Leads the program to database and KMS, as the role that owns the tables. */
  readonly env: Readonly<Record<string, string>>;
  key(words: string, env?: Readonly<Record<string, string>>): Promise<Ended>;
  check(finished: boolean): Promise<Checked>;
  close(): Promise<void>;
}

const DATABASE = 'shop';
/** The server lives in a temporary directory and listens on the loopback only. */
const OWNER = { user: 'shop_owner', password: 'shop' };

export async function openSite(rows: number): Promise<Site> {
  const server = await startServer();
  const kms = await startKms();
  const sql = postgres(server.urlFor(DATABASE), { max: 3, backoff: () => 0.1, onnotice: () => undefined });
  const env = environment(server, kms);
  const key: Site['key'] = async (words, more) =>
    runProgram(['key', ...words.split(' ')], { env: { ...env, ...more } });
  const close = async (): Promise<void> => {
    await sql.end({ timeout: 5 });
    await kms.close();
    await server.stop('immediate');
  };
  try {
    await prepareSchema(server);
    const created = await key('create --type all');
    if (created.code !== 0) throw new Error(created.stderr);
    const shop = await fillShop(sql, { kms, url: server.urlFor(DATABASE), rows });
    const check: Site['check'] = async (finished) => checkDatabase(sql, { kms, finished });
    return { server, sql, kms, shop, env, key, check, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As a managed service has it: the owner of the tables is no superuser, and a member of ordersync_rotator. */
async function prepareSchema(server: EmbeddedServer): Promise<void> {
  const superuser = postgres(server.url, { max: 1, onnotice: () => undefined });
  await superuser.unsafe(`create role ${OWNER.user} login createrole password '${OWNER.password}'`);
  await superuser.unsafe(`create database ${DATABASE} owner ${OWNER.user}`);
  const owner = postgres(server.urlFor(DATABASE, OWNER), { max: 1, onnotice: () => undefined });
  await migrateUp(owner);
  // By itself, which may: from version 16 the same words of the superuser would leave its membership without inheritance.
  await owner.unsafe(`grant ordersync_rotator to ${OWNER.user}`);
  await owner.end();
  await superuser.end();
}

function environment(server: EmbeddedServer, kms: FakeKms): Record<string, string> {
  kms.keys.create({ alias: 'alias/shop' });
  return {
    NODE_ENV: 'test', // fault points are honoured in tests only
    ORDERSYNC_DATABASE_URL: server.urlFor(DATABASE, OWNER),
    ORDERSYNC_KMS_KEY: 'alias/shop',
    AWS_ACCESS_KEY_ID: kms.access.owner.accessKeyId,
    AWS_SECRET_ACCESS_KEY: kms.access.owner.secretAccessKey,
    AWS_REGION: kms.region,
    AWS_ENDPOINT_URL_KMS: kms.url,
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
