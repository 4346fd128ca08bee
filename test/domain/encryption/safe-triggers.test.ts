import { beforeAll, describe, expect, test } from 'vitest';
import { ENCRYPTED_TABLES } from '../../../src/domain/encryption/registry.ts';
import type { SafeTrigger } from '../../../src/domain/encryption/safe-triggers.ts';
import { REENCRYPTION_SAFE_TRIGGERS } from '../../../src/domain/encryption/safe-triggers.ts';
import { readUpdateTriggers } from '../../../src/domain/keys/rotate/preflight-queries.ts';
import { useKeyCommands } from '../../commands/key/fixture.ts';
import { testContext } from '../../support/context.ts';

describe('row triggers that are taken to leave a re-encrypted row alone', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;

  beforeAll(async () => {
    await commands.fill(await commands.start());
  });

  test('are exactly those that see an update of encrypted columns', async () => {
    const { sql: client } = await testContext(commands.database.current.url).db.session();
    const columns = ENCRYPTED_TABLES.flatMap(({ name, pairs }) =>
      pairs.flatMap(({ value, key }) => [
        { table: name, name: value },
        { table: name, name: key },
      ]),
    );
    const found = await readUpdateTriggers(client, {
      tables: columns.map(({ table }) => table),
      names: columns.map(({ name }) => name),
    });
    expect(named(found.filter(({ perRow }) => perRow))).toEqual(named(REENCRYPTION_SAFE_TRIGGERS));
    expect(found.filter(({ perRow }) => !perRow).every(({ function: name }) => name === 'audit_logs_guard')).toBe(true);
  });

  test.each(ENCRYPTED_TABLES)(
    '$name: nothing but the pairs changes, and nothing is recorded',
    async ({ name, pairs }) => {
      const encrypted = pairs.flatMap(({ value, key }) => [value, key]);
      const rest = async () => sql()`
      select to_jsonb(t) - ${encrypted}::text[] as row from ${sql()(name)} t order by t.id`;
      const audited = async () => sql()`select count(*)::int from audit_logs`;
      const before = [await rest(), await audited()];
      expect(before[0]).not.toEqual([]);
      const set = pairs.map(
        ({
          value,
          key,
        }) => `"${value}" = case when "${value}" is null then null else 'os1_renewed' || gen_random_uuid() end,
        "${key}" = case when "${key}" is null then null else 'another-v2' end`,
      );
      await sql().unsafe(`update "${name}" set ${set.join(', ')}`);
      expect([await rest(), await audited()]).toEqual(before);
    },
  );
});

type Named = Pick<SafeTrigger, 'table' | 'trigger' | 'function' | 'condition'>;

function named(triggers: readonly Named[]): Set<string> {
  return new Set(
    triggers.map(({ table, trigger, function: name, condition }) => `${table} ${trigger} ${name} ${condition}`),
  );
}
