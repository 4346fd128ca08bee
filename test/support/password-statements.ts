/** A word that stands for a secret. */
export const SECRET = 'hunter2';

const VERIFIER = `SCRAM-SHA-256$4096:${'A'.repeat(22)}==$${'B'.repeat(43)}=:${'C'.repeat(43)}=`;

/** Utility statements about the role `role`, which pg_stat_statements keeps as they are: with a password. */
export const withPassword = (role: string): readonly string[] => [
  `alter role ${role} password '${SECRET}'`,
  `ALTER USER ${role} WITH ENCRYPTED PASSWORD\n'${SECRET}' valid until '2099-01-01'`,
  `alter role ${role} password E'\\x20${SECRET}'`,
  `alter role ${role} password $$${SECRET}$$`,
  `alter role ${role} password $own$${SECRET}$own$`,
  `alter role ${role} password '''${SECRET}'`,
  // A hash that is as good as the password.
  `alter role ${role} password 'md5${'0'.repeat(32)}'`,
  `do $do$ begin execute 'alter role ${role} password ''${SECRET}'''; end $do$`,
  // By itself it is kept without its literal from version 18 on.
  `do $do$ begin set local application.password = '${SECRET}'; end $do$`,
  `do $do$ begin set local application.password to '${SECRET}'; end $do$`,
  `create subscription none connection 'host=127.0.0.1 password=${SECRET}' publication none
   with (connect = false, slot_name = none)`,
];

/** The same without one. */
export const withoutPassword = (role: string): readonly string[] => [
  `alter role ${role} password '${VERIFIER}'`,
  `alter role ${role} password null`,
  `set password_encryption = 'scram-sha-256'`,
  `comment on role ${role} is 'the password is ''elsewhere'''`,
  `create table password (password text default 'none')`,
  `drop table password`,
  `select 1 as found where 'password' = '${SECRET}'`,
  `create subscription none connection 'host=127.0.0.1' publication none with (connect = false, slot_name = none)`,
];
