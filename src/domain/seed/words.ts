/** Word lists that names are made of. */
export interface Words {
  readonly koreanFamily: readonly string[];
  readonly koreanGiven: readonly string[];
  readonly englishFirst: readonly string[];
  readonly englishLast: readonly string[];
}

/**
 * The lists of @faker-js/faker, loaded when they are needed: 30 ms and no generator of its own. Its exact version is
 * pinned, because the same seed gives the same names only from the same lists (docs/decisions/011-faker.md).
 */
export async function loadWords(): Promise<Words> {
  const [korean, english] = await Promise.all([
    import('@faker-js/faker/locale/ko'),
    import('@faker-js/faker/locale/en'),
  ]);
  const { first_name: given, last_name: family } = korean.faker.rawDefinitions.person ?? {};
  const { first_name: first, last_name: last } = english.faker.rawDefinitions.person ?? {};
  return {
    koreanFamily: required(family?.generic),
    koreanGiven: [...required(given?.female), ...required(given?.male)],
    englishFirst: [...required(first?.female), ...required(first?.male)],
    englishLast: required(last?.generic),
  };
}

function required(list: readonly string[] | undefined): readonly string[] {
  if (list === undefined || list.length === 0)
    throw new Error('the pinned version of @faker-js/faker has no such list');
  return list;
}
