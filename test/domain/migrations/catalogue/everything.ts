/** Roles that the schema below refers to. */
export const OTHER_ROLE = 'test_catalogue_other';
export const OTHER_OWNER = 'test_catalogue_owner';

/** One of everything, so that each plant has something to change. */
export const SCHEMA = `
  create schema app;
  create type app.mood as enum ('sad', 'happy');
  create type app.pair as (a int, b text);
  create domain app.percent as int check (value between 0 and 100);
  create function app.twice(n int) returns int language plpgsql immutable as $$
  begin
    -- doubles
    return n * 2;
  end $$;
  create function app.note() returns trigger language plpgsql as $$ begin return new; end $$;
  create aggregate app.total(int) (sfunc = int4pl, stype = int, initcond = '0');
  create sequence app.counter;
  create table app.customers (
    id int generated always as identity primary key,
    email text not null default '',
    age int check (age > 0),
    doubled int generated always as (age * 2) stored
  );
  create table app.orders (
    id bigserial primary key,
    customer_id int references app.customers,
    mood app.mood,
    note text
  );
  create index orders_note_idx on app.orders (lower(note)) where note is not null;
  create trigger note before insert on app.orders for each row execute function app.note();
  create view app.happy as select id, note from app.orders where mood = 'happy';
  create materialized view app.counts as select mood, count(*) from app.orders group by mood;
  create policy mine on app.orders using (note = current_user);
  create rule quiet as on delete to app.customers where old.age > 100 do instead nothing;
  create text search configuration app.words (copy = simple);
  create statistics app.stat on customer_id, mood from app.orders;
  create collation app.german (provider = icu, locale = 'de-DE');
  comment on table app.orders is 'what was ordered';
  comment on column app.orders.note is 'free text';
  grant select on app.orders to ${OTHER_ROLE};
  create table app.parts (id int, at timestamptz not null, primary key (id, at)) partition by range (at);
  create index parts_at_idx on app.parts (at);
  create trigger note before insert on app.parts for each row execute function app.note();
  alter table app.parts enable row level security;
  create table app.parts_y2026m01 partition of app.parts for values from ('2026-01-01Z') to ('2026-02-01Z');
  create table app.parts_y2026m02 partition of app.parts for values from ('2026-02-01Z') to ('2026-03-01Z');
  create table app.parts_y2026m03 partition of app.parts for values from ('2026-03-01Z') to ('2026-04-01Z');
  alter table app.parts_y2026m01 enable row level security;
  alter table app.parts_y2026m02 enable row level security;
  alter table app.parts_y2026m03 enable row level security;
  create table app.parts_overflow partition of app.parts for values from ('2026-04-01Z') to (maxvalue);
`;
