import type { TestProject } from 'vitest/node';
import { startEmbedded, type EmbeddedServer } from '../../src/embedded/server.ts';
import { parsePostgresVersion } from '../../src/embedded/version.ts';
import { TEST_SETTINGS, type TestServer } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: TestServer;
  }
}

let server: EmbeddedServer | undefined;

/** One server for the whole run, of the version that ORDERSYNC_TEST_PG names. */
export async function setup(project: TestProject): Promise<void> {
  const version = parsePostgresVersion(process.env['ORDERSYNC_TEST_PG']);
  server = await startEmbedded({ version, cache: true, settings: TEST_SETTINGS });
  const { host, port, socketDir, password, url, logFile, dataDir } = server;
  project.provide('postgres', { version, host, port, socketDir, password, url, logFile, dataDir });
}

export async function teardown(): Promise<void> {
  await server?.stop('immediate');
}
