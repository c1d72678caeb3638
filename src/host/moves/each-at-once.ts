/** Work on many things, so many of them at once. */

/**
 * Takes the next thing whenever one is done. Invariant: it resolves, or throws the first error, once
 * nothing is under way any more, so that what the work was done on may be closed then, and no error of
 * the others is left that nobody hears.
 */
export async function eachAtOnce<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  most: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  // Shared: whoever fails ends it, and the others find no more.
  const left = (async function* () {
    yield* items;
  })();
  const failures: { readonly error: unknown }[] = [];
  const workOn = async (): Promise<void> => {
    try {
      for await (const item of left) await work(item);
    } catch (error) {
      failures.push({ error });
    }
  };
  await Promise.all(Array.from({ length: most }, workOn));
  const [first] = failures;
  if (first !== undefined) throw first.error;
}

/** The same with a list, of which it tells how many are done. */
export async function eachOf<Item>(
  items: readonly Item[],
  most: number,
  tell: (done: number) => void,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let done = 0;
  tell(done);
  await eachAtOnce(items, most, async (item) => {
    await work(item);
    tell((done += 1));
  });
}
