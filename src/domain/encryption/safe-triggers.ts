/** A row trigger that leaves a re-encrypted row exactly as it is. */
export interface SafeTrigger {
  /** As registered; on a partition its parent. */
  readonly table: string;
  readonly trigger: string;
  readonly function: string;
  /** Whether it is a WHEN clause that keeps it from firing; without one the function itself knows a re-encryption. */
  readonly condition: boolean;
}

/**
 * The row triggers of the schema that see an UPDATE of encrypted columns. Each keeps away from an update that replaces
 * ciphertexts together with their key ids and nothing else; a test holds every one of them to that.
 */
export const REENCRYPTION_SAFE_TRIGGERS: readonly SafeTrigger[] = [
  conditional('users', 'trigger_users_updated_at', 'set_updated_at'),
  conditional('users', 'trigger_audit_users_update', 'auto_audit_log'),
  conditional('restaurants', 'trigger_restaurants_updated_at', 'set_updated_at'),
  {
    table: 'restaurants',
    trigger: 'trigger_sync_restaurant_search',
    function: 'sync_restaurant_search_fields',
    condition: false,
  },
  conditional('menus', 'trigger_menus_updated_at', 'set_updated_at'),
  conditional('notification_templates', 'trigger_notification_templates_updated_at', 'set_updated_at'),
  conditional('payments', 'trigger_audit_payments_update', 'auto_audit_log'),
];

function conditional(table: string, trigger: string, functionName: string): SafeTrigger {
  return { table, trigger, function: functionName, condition: true };
}
