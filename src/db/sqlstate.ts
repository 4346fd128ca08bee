/** SQLSTATE codes this program reacts to. Source: PostgreSQL documentation, appendix "PostgreSQL Error Codes". */
export const SQLSTATE = {
  featureNotSupported: '0A000',
  invalidParameterValue: '22023',
  notNullViolation: '23502',
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
  checkViolation: '23514',
  activeTransaction: '25001',
  readOnlyTransaction: '25006',
  failedTransaction: '25P02',
  invalidAuthorization: '28000',
  invalidPassword: '28P01',
  invalidTransactionTermination: '2D000',
  invalidCatalog: '3D000',
  serializationFailure: '40001',
  deadlock: '40P01',
  insufficientPrivilege: '42501',
  syntaxError: '42601',
  undefinedColumn: '42703',
  undefinedObject: '42704',
  duplicateObject: '42710',
  undefinedFunction: '42883',
  undefinedTable: '42P01',
  duplicateTable: '42P07',
  diskFull: '53100',
  tooManyConnections: '53300',
  objectNotInPrerequisiteState: '55000',
  objectInUse: '55006',
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  adminShutdown: '57P01',
  crashShutdown: '57P02',
  cannotConnectNow: '57P03',
  databaseDropped: '57P04',
  idleSessionTimeout: '57P05',
} as const;

/** The five characters of SQLSTATE when the server raised this error; undefined for every other error. */
export function sqlstateOf(error: unknown): string | undefined {
  // PostgresError is the driver's class; its name is compared so that reading an error does not load the driver.
  if (!(error instanceof Error) || error.name !== 'PostgresError') return undefined;
  const { code } = error as Error & { readonly code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
