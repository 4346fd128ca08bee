drop trigger trigger_sync_restaurant_search on restaurants;
drop function sync_restaurant_search_fields();
drop trigger trigger_notification_templates_updated_at on notification_templates;
drop trigger trigger_menus_updated_at on menus;
drop trigger trigger_restaurants_updated_at on restaurants;
drop trigger trigger_users_updated_at on users;
drop function set_updated_at();
