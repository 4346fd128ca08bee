import { basename } from 'node:path';
import { OrdersyncError } from '../../../errors.ts';
import type { BuilderMigration, Directives, MigrationScript } from '../file/migration.ts';
import { splitStatements } from '../file/split.ts';

type Direction = 'up' | 'down';

/**
 * Turns a TypeScript or JavaScript migration into the SQL it stands for, by node-pg-migrate's MigrationBuilder; the
 * package is loaded here and nowhere else. Nothing is executed: `pgm.db` refuses, so that the SQL is the same wherever it
 * is planned, shown and run. A module without `down` is reversed by the builder where that can be inferred.
 * @throws OrdersyncError usage when the module cannot be loaded, does not export the function, or fails in it;
 * precondition when it says that there is no way back (`export const down = false`)
 */
export async function compileBuilder(migration: BuilderMigration, direction: Direction): Promise<MigrationScript> {
  const file = basename(migration.upFile);
  const actions = await loadModule(migration.upFile, file);
  const { action, reverse } = actionOf(actions, direction, file);
  const { MigrationBuilder } = await import('node-pg-migrate/migrationBuilder');
  const builder = new MigrationBuilder(refusingDatabase(file), shorthandsOf(actions), false, SILENT);
  if (reverse) builder.enableReverseMode();
  try {
    await callAction(action, builder);
  } catch (error) {
    throw asUsage(error, `${file}: ${direction}() failed`, file);
  }
  return scriptOf(`${file} (${direction})`, builder.getSql(), builder.isUsingTransaction());
}

type Builder = InstanceType<(typeof import('node-pg-migrate/migrationBuilder'))['MigrationBuilder']>;
type Action = (builder: Builder, done?: () => void) => unknown;
type Actions = Readonly<Record<string, unknown>>;

async function loadModule(path: string, file: string): Promise<Actions> {
  const { jiti } = await import('node-pg-migrate/migrationLoader');
  try {
    return await jiti.import<Actions>(path);
  } catch (error) {
    throw asUsage(error, `${file} cannot be loaded`, file);
  }
}

function actionOf(actions: Actions, direction: Direction, file: string): { action: Action; reverse: boolean } {
  const { up, down } = actions;
  if (direction === 'down' && down === false) {
    throw new OrdersyncError('precondition', `${file} says that it cannot be rolled back (down = false)`, {
      hint: 'restore a backup, or write a new migration that undoes it',
    });
  }
  const reverse = direction === 'down' && down === undefined;
  const action = direction === 'up' || reverse ? up : down;
  if (typeof action !== 'function') {
    throw new OrdersyncError('usage', `${file} does not export a function ${direction}`, {
      hint: `export async function ${direction}(pgm) { … }, as node-pg-migrate's documentation shows`,
    });
  }
  return { action: action as Action, reverse }; // what node-pg-migrate itself would call
}

/** A function of two parameters calls back, as node-pg-migrate's own runner allows. */
async function callAction(action: Action, builder: Builder): Promise<void> {
  if (action.length === 2) await new Promise<void>((resolve) => void action(builder, resolve));
  else await action(builder);
}

function refusingDatabase(
  file: string,
): ConstructorParameters<typeof import('node-pg-migrate/migrationBuilder').MigrationBuilder>[0] {
  const refuse = (): never => {
    throw new OrdersyncError('usage', `${file} uses pgm.db, which asks a database while the SQL is being written`, {
      hint: 'write the query into the migration with pgm.sql(), as INSERT … SELECT or a DO block',
    });
  };
  return { query: refuse, select: refuse };
}

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function shorthandsOf(
  actions: Actions,
): ConstructorParameters<typeof import('node-pg-migrate/migrationBuilder').MigrationBuilder>[1] {
  const { shorthands } = actions;
  return typeof shorthands === 'object' && shorthands !== null ? (shorthands as Record<string, string>) : undefined; // checked by the builder
}

function scriptOf(file: string, text: string, transaction: boolean): MigrationScript {
  const directives: Directives = { transaction, allowEmpty: true, lintIgnores: [] };
  return { file, text, statements: splitStatements(text).statements, directives };
}

function asUsage(error: unknown, message: string, file: string): OrdersyncError {
  if (error instanceof OrdersyncError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new OrdersyncError('usage', `${message}: ${reason}`, {
    hint: `mend ${file} and run again; nothing was run`,
    cause: error,
  });
}
