import type { SettingsFiles } from './files.ts';

type Texts = Readonly<Record<string, string | undefined>>;

export interface ConnectionInput {
  readonly flags: {
    readonly url?: string | undefined;
    readonly host?: string | undefined;
    readonly port?: string | undefined;
    readonly dbname?: string | undefined;
    readonly username?: string | undefined;
  };
  readonly env: Texts;
  /** Settings of the chosen environment in the project file, in libpq's keywords plus `url`. */
  readonly project?: { readonly settings: Texts; readonly origin: string };
  readonly files?: SettingsFiles;
  /** Receives what a user should know but that stops nothing, such as a password file others can read. */
  readonly warn?: (message: string) => void;
}
