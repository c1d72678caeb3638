/** Everything that an iteration gives, as one list. */
export async function collected<Item, Told>(
  items: AsyncIterable<Item>,
  told: (item: Item) => Told,
): Promise<Told[]> {
  const list: Told[] = [];
  for await (const item of items) list.push(told(item));
  return list;
}
