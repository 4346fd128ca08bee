import postgres from 'postgres';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { outside } from '../../support/outside.ts';
import type { Running } from '../../support/program.ts';
import { BIN, runFile, useBuild } from '../../support/program.ts';
import { projectFile } from '../../support/project-file.ts';
import { waitFor } from '../../support/wait.ts';
import { drawn, ESCAPE, framesOf, pidOf, play, selected, useWork } from './top-screen.ts';

useBuild();

describe('cancel and terminate on the screen of monitor top', () => {
  const work = useWork('none');
  const { pids } = work;
  const url = () => work.database.current.url;

  it('sends nothing for another name, none, or Escape, and a statement is cancelled by the right one', async () => {
    const { name } = work.database.current;
    const { frames } = await play(url(), [
      [selected(pids.sleeper), 'c'],
      [/Type the database name/, `${name}x\r`],
      [/not confirmed; nothing was sent/, 'c'],
      [/Type the database name/, '\r'],
      [/not confirmed; nothing was sent/, 'c'],
      [/Type the database name/, ESCAPE],
      [/not confirmed; nothing was sent/, 'q'],
    ]);
    expect(drawn(frames, /Type the database name/)).toContain(`cancel the statement of process ${pids.sleeper}`);
    expect(await work.stateOf(pids.sleeper)).toBe('active');
    const done = await play(url(), [
      [selected(pids.sleeper), 'c'],
      [/Type the database name/, name],
      [new RegExp(`database name: ${name}_`), '\r'],
      [/the statement has ended/, 'q'],
    ]);
    expect(drawn(done.frames, /the statement has ended/)).toContain(`process ${pids.sleeper}: `);
    await work.slept();
    expect(await work.stateOf(pids.sleeper)).toBe('idle');
  });

  it('what is typed before the question is there is no answer to it', async () => {
    const { frames } = await play(url(), [
      [selected(pids.idle), () => `k${work.database.current.name}\r`],
      [/Type the database name/, ESCAPE],
      [/nothing was sent/, 'q'],
    ]);
    expect(drawn(frames, /Type the database name/)).toMatch(/database name: _/);
    expect(await work.stateOf(pids.idle)).toBe('idle in transaction');
  });

  it('refuses as monitor cancel does: an idle session has no statement to cancel; a table is no session', async () => {
    const { frames } = await play(url(), [
      [selected(pids.idle), 'c'],
      [/runs no statement to cancel/, '4'],
      [/tables, every[^]*\n> /, 'k'],
      [/tables are no sessions/, 'q'],
    ]);
    expect(drawn(frames, /no statement to cancel/)).toContain(`ordersync monitor terminate ${pids.idle}`);
  });

  it('in a protected environment says so, and ends the session when the name was typed', async () => {
    const { url: address, name } = work.database.current;
    const file = await projectFile({ environments: { prod: { url: address, protected: true } } });
    const { frames } = await play(
      url(),
      [
        [selected(pids.idle), 'k'],
        [/Environment "prod" is protected/, `${name}\r`],
        [/the session has ended/, 'q'],
      ],
      { env: { ORDERSYNC_CONFIG: file, ORDERSYNC_ENV: 'prod' } },
    );
    expect(drawn(frames, /protected/)).toContain(`end process ${pids.idle} (role `);
    await waitFor(async () => (await work.stateOf(pids.idle)) === undefined, 'the session to be gone');
  });

  it.for([60, 80, 200])(
    'in a pseudo-terminal of %i columns ends a session when the name was typed',
    async (columns, context) => {
      const script = outside('script', context);
      const { url: address, name } = work.database.current;
      const victim = postgres(address, { max: 1, onnotice: () => {}, connection: { application_name: 'victim' } });
      try {
        await victim`begin`.simple();
        const pid = await pidOf(victim);
        let terminal: Running | undefined;
        const env = { ORDERSYNC_DATABASE_URL: address, TERM: 'xterm', LANG: 'C.UTF-8' };
        const line = `stty cols ${columns} rows 24; "${process.execPath}" "${BIN}" monitor top --every 250ms`;
        const ending = runFile(script, ['-qec', line, '/dev/null'], {
          env,
          onStart: (running) => {
            terminal = running;
          },
        });
        const last = (): string =>
          framesOf(terminal?.stdout() ?? '')
            .at(-1)
            ?.join('\n') ?? '';
        for (const [pattern, keys] of [
          [/activity, every[^]*^> /m, '/victim\r'],
          [new RegExp(`^> +${pid} `, 'm'), 'k'],
          [/Type the/, `${name}\r`],
          [/the session has ended/, 'q'],
        ] as const) {
          await waitFor(
            () => pattern.test(last()),
            () => `${pattern} in ${last()}`,
          );
          terminal?.type(keys);
        }
        const { code, stdout } = await ending;
        expect(code).toBe(0);
        expect(stdout.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
        expect(
          framesOf(stdout)
            .flat()
            .filter((text) => stringWidth(plain(text)) > columns),
        ).toEqual([]);
        expect(await work.stateOf(pid)).toBeUndefined();
      } finally {
        await victim.end({ timeout: 0 });
      }
    },
  );
});

/** Without colours. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}\[[\d;]*m/gu, '');
}
