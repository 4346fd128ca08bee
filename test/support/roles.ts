import { randomBytes } from 'node:crypto';
import { asSuperuser, createDatabase, type Template, type TestDatabase } from './postgres.ts';

export interface TestRole {
  readonly user: string;
  readonly password: string;
  /** Drops it with all it owns in shared objects; drop its database first. */
  drop(): Promise<void>;
}

/** A log-in role that is no superuser. Roles belong to the whole server, so the name is random. */
export async function createRole(options: { readonly createRole?: boolean } = {}): Promise<TestRole> {
  const user = `test_role_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  await asSuperuser(async (sql) => {
    // create role takes no parameters; the password is hexadecimal digits.
    await sql.unsafe(`create role ${user} login password '${password}' ${options.createRole ? 'createrole' : ''}`);
  });
  return {
    user,
    password,
    drop: async () =>
      asSuperuser(async (sql) => {
        await sql`reassign owned by ${sql(user)} to postgres`;
        await sql`drop owned by ${sql(user)} cascade`;
        await sql`drop role ${sql(user)}`;
      }),
  };
}

/** A database as a managed service gives it: its owner may create roles and is no superuser. */
export async function createOwnedDatabase(
  request: { readonly template?: Template } = {},
): Promise<TestDatabase & { readonly owner: TestRole; readonly ownerUrl: string }> {
  const owner = await createRole({ createRole: true });
  const database = await createDatabase({ ...request, owner: owner.user });
  return Object.assign(Object.create(database) as TestDatabase, {
    owner,
    ownerUrl: database.urlFor(owner),
    drop: async () => {
      await database.drop();
      await owner.drop();
    },
  });
}
