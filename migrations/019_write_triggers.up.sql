-- What the database keeps up on every write: updated_at, and that name_search never belongs to another name.
--
-- A re-encryption replaces a ciphertext and its key id and nothing else. It is no change of the row: it leaves updated_at
-- and version alone, and the conditions below sit in WHEN clauses so that it does not even call a function. A ciphertext
-- that changes under the same key id, or appears, or disappears, is a change.

-- [ADDITION] Nothing in the specification maintains updated_at. An updated_at that the statement sets itself is kept.
create function set_updated_at()
returns trigger
language plpgsql
as $$
begin
  if new.updated_at is not distinct from old.updated_at then
    new.updated_at := now();
  end if;
  return new;
end
$$;

create trigger trigger_users_updated_at
  before update on users
  for each row
  when (
    (old.id, old.email_hash, old.salt, old.role, old.permissions, old.status, old.last_login_at, old.password_changed_at,
     old.failed_login_count, old.locked_until, old.two_factor_enabled, old.created_at, old.version)
    is distinct from
    (new.id, new.email_hash, new.salt, new.role, new.permissions, new.status, new.last_login_at, new.password_changed_at,
     new.failed_login_count, new.locked_until, new.two_factor_enabled, new.created_at, new.version)
    or old.email_encrypted <> new.email_encrypted and old.email_key_id = new.email_key_id
    or old.password_hash_encrypted <> new.password_hash_encrypted and old.password_key_id = new.password_key_id
    or old.phone_encrypted is distinct from new.phone_encrypted and (old.phone_key_id = new.phone_key_id) is not false
    or old.name_encrypted is distinct from new.name_encrypted and (old.name_key_id = new.name_key_id) is not false
    or old.two_factor_secret_encrypted is distinct from new.two_factor_secret_encrypted
      and (old.two_factor_secret_key_id = new.two_factor_secret_key_id) is not false
  )
  execute function set_updated_at();

create trigger trigger_restaurants_updated_at
  before update on restaurants
  for each row
  when (
    (old.id, old.owner_id, old.name_search, old.category, old.status, old.business_hours, old.settings, old.latitude,
     old.longitude, old.created_at, old.version)
    is distinct from
    (new.id, new.owner_id, new.name_search, new.category, new.status, new.business_hours, new.settings, new.latitude,
     new.longitude, new.created_at, new.version)
    or old.name_encrypted <> new.name_encrypted and old.name_key_id = new.name_key_id
    or old.address_encrypted <> new.address_encrypted and old.address_key_id = new.address_key_id
    or old.phone_encrypted <> new.phone_encrypted and old.phone_key_id = new.phone_key_id
    or old.business_number_encrypted is distinct from new.business_number_encrypted
      and (old.business_number_key_id = new.business_number_key_id) is not false
  )
  execute function set_updated_at();

create trigger trigger_menus_updated_at
  before update on menus
  for each row
  when (
    (old.id, old.restaurant_id, old.price, old.discount_rate, old.category, old.tags, old.options, old.is_available,
     old.daily_limit, old.sold_count, old.image_url, old.sort_order, old.created_at, old.version)
    is distinct from
    (new.id, new.restaurant_id, new.price, new.discount_rate, new.category, new.tags, new.options, new.is_available,
     new.daily_limit, new.sold_count, new.image_url, new.sort_order, new.created_at, new.version)
    or old.name_encrypted <> new.name_encrypted and old.name_key_id = new.name_key_id
    or old.description_encrypted is distinct from new.description_encrypted
      and (old.description_key_id = new.description_key_id) is not false
  )
  execute function set_updated_at();

create trigger trigger_notification_templates_updated_at
  before update on notification_templates
  for each row
  when (
    (old.id, old.name, old.type, old.variables, old.is_active, old.created_at)
    is distinct from
    (new.id, new.name, new.type, new.variables, new.is_active, new.created_at)
    or old.title_template_encrypted <> new.title_template_encrypted and old.title_key_id = new.title_key_id
    or old.content_template_encrypted <> new.content_template_encrypted and old.content_key_id = new.content_key_id
  )
  execute function set_updated_at();

-- 매장명 암호화 → 검색용 평문 동기화. The database cannot decrypt, so the application sets name_search together with
-- name_encrypted, and what it sets is never touched. A new name without a new search text would be found under the old one:
-- then the search text goes. A re-encryption (another key id, the same version) keeps it.
create function sync_restaurant_search_fields()
returns trigger
language plpgsql
as $$
begin
  if tg_op = 'UPDATE'
     and new.name_encrypted <> old.name_encrypted
     and new.name_search is not distinct from old.name_search
     and (new.name_key_id = old.name_key_id or new.version <> old.version) then
    new.name_search := null;
  end if;
  return new;
end
$$;

create trigger trigger_sync_restaurant_search
  before insert or update on restaurants
  for each row
  execute function sync_restaurant_search_fields();
