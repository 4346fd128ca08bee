/** Asks for the next item before the present one is worked on, so that both happen at once. At most one is ahead. */
export async function* readAhead<Item>(source: AsyncGenerator<Item, void, void>): AsyncGenerator<Item, void, void> {
  let next = ask(source);
  try {
    for (;;) {
      const step = await next;
      if (step.done === true) return;
      next = ask(source);
      yield step.value;
    }
  } finally {
    // What was asked for may still be under way, and nobody is going to take it.
    await Promise.allSettled([next]);
    await source.return();
  }
}

/** A failure is told when the item is asked for, which may be later: until then it must not count as unheard. */
function ask<Item>(source: AsyncGenerator<Item, void, void>): Promise<IteratorResult<Item, void>> {
  const step = source.next();
  step.catch(() => undefined);
  return step;
}
