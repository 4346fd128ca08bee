import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../support/io.ts';
import { useDatabase } from '../support/postgres.ts';
import { useFakes } from './fake.ts';

const database = useDatabase();
const register = useFakes();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ordersync-confirm-'));
  const environments = { prod: { protected: true }, dev: {} };
  writeFileSync(join(folder, 'ordersync.config.json'), JSON.stringify({ environments }));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Situation {
  readonly guarded: boolean;
  readonly destructive: boolean;
  readonly tty: boolean;
  readonly answer: 'nothing' | '--yes' | '--confirm right' | '--confirm wrong';
  readonly typed?: string;
  readonly interrupted?: 'SIGTERM';
}
type Outcome = 'goes on' | 'asks' | 'refuses';

/** The rule of docs and help, stated once more: a protected environment needs the name; elsewhere only what destroys asks. */
function expected({ guarded, destructive, tty, answer }: Situation): Outcome {
  if (!guarded && !destructive) return 'goes on';
  if (answer === '--yes' && !guarded) return 'goes on';
  if (answer === '--confirm right') return 'goes on';
  if (answer === '--confirm wrong') return 'refuses';
  return tty ? 'asks' : 'refuses';
}

const BOTH = [true, false];
const ANSWERS = ['nothing', '--yes', '--confirm right', '--confirm wrong'] as const;
const MATRIX: readonly Situation[] = BOTH.flatMap((guarded) =>
  BOTH.flatMap((destructive) =>
    BOTH.flatMap((tty) => ANSWERS.map((answer) => ({ guarded, destructive, tty, answer }))),
  ),
);

const FLAGS: Readonly<Record<Situation['answer'], () => readonly string[]>> = {
  nothing: () => [],
  '--yes': () => ['--yes'],
  '--confirm right': () => ['--confirm', database.current.name],
  '--confirm wrong': () => ['--confirm', 'another'],
};

/** Runs a command that destroys, or only writes, and says whether it came to that. */
async function attempt({ guarded, destructive, tty, answer, typed = '', interrupted }: Situation) {
  let ran = false;
  let asked = false;
  let deliver: ((signal: 'SIGTERM') => void) | undefined;
  register({
    plan: async () => 1,
    presentPlan: () => ({ command: 'fake go', columns: [], rows: [] }),
    intent: () => ({ action: 'do something', destructive }),
    run: async () => {
      ran = true;
      return [];
    },
  });
  const ended = await run(['fake', 'go', ...FLAGS[answer]()], {
    tty,
    onListen: (listener) => {
      deliver = listener;
    },
    onStderr: (text, type) => {
      if (asked || !text.includes('go on:')) return;
      asked = true;
      if (interrupted === undefined) type(`${typed}\r`);
      else deliver?.(interrupted);
    },
    cwd: folder,
    // NO_COLOR: what a terminal is told here is compared as text.
    env: { ORDERSYNC_DATABASE_URL: database.current.url, ORDERSYNC_ENV: guarded ? 'prod' : 'dev', NO_COLOR: '1' },
  });
  return { ...ended, ran };
}

const NAMED = 'protected $guarded, destructive $destructive, terminal $tty, $answer';
const DECIDED = MATRIX.map((situation) => ({ ...situation, outcome: expected(situation) }));

it.each(DECIDED)(`${NAMED}: $outcome`, async ({ outcome, ...situation }) => {
  const { code, ran, stderr } = await attempt(situation);
  expect({ ran, code }).toEqual(outcome === 'goes on' ? { ran: true, code: 0 } : { ran: false, code: 4 });
  expect(stderr.includes('Type the database name to go on:')).toBe(outcome === 'asks');
});

it.each(DECIDED.filter(({ outcome }) => outcome === 'asks'))(
  `${NAMED}: goes on when the name is typed`,
  async (situation) => {
    expect(await attempt({ ...situation, typed: database.current.name })).toMatchObject({ ran: true, code: 0 });
  },
);

it('a signal at the question ends it as an interrupt, not as an answer', async () => {
  const question = { guarded: true, destructive: true, tty: true, answer: 'nothing' } as const;
  expect(await attempt({ ...question, interrupted: 'SIGTERM' })).toMatchObject({ ran: false, code: 143 });
});

describe('a refusal', () => {
  const situation = { guarded: true, destructive: false, tty: false, answer: 'nothing' } as const;

  it('says what would have been done, where, and how to confirm it', async () => {
    const { name } = database.current;
    expect((await attempt(situation)).stderr).toBe(
      `ordersync: this would do something in "${name}", and environment "prod" is protected\n` +
        `hint: add --confirm ${name} to confirm without a terminal\n`,
    );
    expect((await attempt({ ...situation, guarded: false, destructive: true })).stderr).toBe(
      `ordersync: this would do something in "${name}", and there is no terminal to ask on\n` +
        `hint: add --confirm ${name}, or --yes to confirm without a terminal\n`,
    );
  });

  it('of a wrong --confirm names both databases', async () => {
    expect((await attempt({ ...situation, answer: '--confirm wrong' })).stderr).toContain(
      `--confirm names "another", but this is the database "${database.current.name}"`,
    );
  });
});

describe('a plan that changes nothing', () => {
  it('asks nobody, even in a protected environment', async () => {
    register({
      plan: async () => 1,
      presentPlan: () => ({ command: 'fake go', columns: [], rows: [] }),
      intent: () => undefined,
    });
    const env = { ORDERSYNC_ENV: 'prod' };
    expect(await run(['fake', 'go'], { cwd: folder, env })).toMatchObject({ code: 0, stderr: '' });
  });
});
