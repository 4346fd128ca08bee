import postgres from 'postgres';
import type { Fault } from './fault.ts';
import { shiftView } from './shifted-view.ts';
import type { Site } from './site.ts';

/** Runs statements as the superuser, one after the other. */
export async function runAll({ sql }: Site, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.unsafe(statement).simple();
}

/** A fault that is planted by statements alone. */
export function planting(...statements: readonly string[]): Fault['plant'] {
  return async (site) => runAll(site, ...statements);
}

/** A session called `planted` that has begun something and rests; ending it from outside is no error here. */
export async function openSession({ server }: Site, ...statements: readonly string[]) {
  const client = postgres(server.urlFor('shop'), {
    max: 1,
    onnotice: () => undefined,
    connection: { application_name: 'planted' },
  });
  const reserved = await client.reserve();
  for (const statement of statements) await reserved.unsafe(statement);
  return {
    run: (statement: string): Promise<unknown> =>
      reserved.unsafe(statement).then(
        () => 'done',
        () => 'ended',
      ),
    close: async () => client.end({ timeout: 1 }),
  };
}

/** A resting session, and a view that shows it as older than it is. Returns what undoes both. */
export async function shifted(
  site: Site,
  view: string,
  columns: Readonly<Record<string, string>>,
  statements: readonly string[],
): Promise<() => Promise<void>> {
  const session = await openSession(site, ...statements);
  const restore = await shiftView(site.sql, view, columns);
  return async () => {
    await restore();
    await session.close();
  };
}
