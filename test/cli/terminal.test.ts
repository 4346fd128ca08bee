import { describe, expect, it } from 'vitest';
import type { TestContext } from 'vitest';
import { migrationFolder } from '../support/migration-files.ts';
import { outside } from '../support/outside.ts';
import { createDatabase } from '../support/postgres.ts';
import { BIN, runFile, runProgram, useBuild } from '../support/program.ts';
import type { Running } from '../support/program.ts';
import { waitFor } from '../support/wait.ts';

useBuild();

/** Types the keys into a pseudo-terminal that runs `migrate down`, once the question is there. */
async function answer(context: TestContext, keys: (database: string) => string) {
  const script = outside('script', context);
  const database = await createDatabase();
  try {
    const folder = await migrationFolder({
      '001_a.up.sql': 'create table a (b int);\n',
      '001_a.down.sql': 'drop table a;\n',
    });
    const env = { ORDERSYNC_DATABASE_URL: database.url, ORDERSYNC_MIGRATIONS: folder, TERM: 'xterm' };
    expect(await runProgram(['migrate', 'up'], { env })).toMatchObject({ code: 0 });
    let terminal: Running | undefined;
    const ending = runFile(script, ['-qec', `"${process.execPath}" "${BIN}" migrate down`, '/dev/null'], {
      env,
      onStart: (running) => {
        terminal = running;
      },
    });
    // The question wraps at the terminal's width, wherever that falls.
    await waitFor(
      () => terminal?.stdout().replaceAll(/\s/g, '').includes('goon:') ?? false,
      () => `the question, after ${terminal?.stdout()}`,
    );
    terminal?.type(keys(database.name));
    const { code, stdout } = await ending;
    const left = await database.sql`select from pg_class where relname = 'a'`;
    return { code, screen: stdout, dropped: left.length === 0 };
  } finally {
    await database.drop();
  }
}

describe('the question on a real terminal', () => {
  it('names the action and the place, and goes on when the name is typed', async (context) => {
    const { code, screen, dropped } = await answer(context, (database) => `${database}\r`);
    expect({ code, dropped }).toEqual({ code: 0, dropped: true });
    expect(screen).toContain('This will roll back 1 migration (001) in ');
  });

  it.for([
    ['another name', 'another\r'],
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ] as const)('answered by %s changes nothing', async ([, keys], context) => {
    const { code, screen, dropped } = await answer(context, () => keys);
    expect({ code, dropped }).toEqual({ code: 4, dropped: false });
    expect(screen).toContain('not confirmed; nothing was changed');
  });
});
