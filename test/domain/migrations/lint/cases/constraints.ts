import type { RuleCase } from './case.ts';

export const CONSTRAINTS: readonly RuleCase[] = [
  {
    rule: 'add-foreign-key-not-valid',
    bad: [
      'alter table orders add constraint fk foreign key (user_id) references users (id) on delete cascade',
      'alter table orders add foreign key (user_id) references users',
      'alter table orders add column user_id uuid references users (id)',
    ],
    safe: ['create table orders (user_id uuid); alter table orders add foreign key (user_id) references users'],
  },
  {
    rule: 'add-check-not-valid',
    bad: [
      'alter table orders add constraint positive check (total > 0)',
      'alter table orders add check (total > 0)',
      'alter table orders add column a int check (a > 0)',
    ],
    safe: ['alter table orders add column "check" int'],
  },
  {
    rule: 'add-unique-without-index',
    bad: [
      'alter table orders add constraint one unique (a, b)',
      'alter table orders add unique nulls not distinct (a)',
      'alter table orders add column a int unique',
    ],
    safe: ['alter table orders add constraint one unique using index one'],
  },
  {
    rule: 'add-primary-key-without-index',
    bad: ['alter table orders add primary key (id)', 'alter table orders add column id uuid primary key'],
    safe: ['alter table orders add constraint orders_pkey primary key using index orders_pkey'],
  },
  {
    rule: 'add-exclusion-constraint',
    bad: ['alter table shifts add constraint apart exclude using gist (room with =, during with &&)'],
    safe: ['create table shifts (a int); alter table shifts add exclude using gist (a with =)'],
  },
  {
    rule: 'validate-in-same-transaction',
    bad: ['alter table orders add constraint c check (a > 0) not valid; alter table orders validate constraint c'],
    safe: [
      'alter table orders validate constraint c',
      'alter table orders add constraint c check (a > 0) not valid;-- applied\nalter table orders validate constraint c',
    ],
  },
];
