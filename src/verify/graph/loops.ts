/**
 * Loops in an explored graph: strongly connected states, after Tarjan 1972, without recursion.
 */
import type { Edge, Node } from './exploration.ts';

/** Every loop over the edges that count, each as its states in the order they were explored. */
export function loopsIn(
  nodes: readonly Node[],
  follows: (edge: Edge) => boolean,
): readonly (readonly number[])[] {
  const order = new Map<number, number>();
  const lowest = new Map<number, number>();
  const open: number[] = [];
  const isOpen = new Set<number>();
  const loops: number[][] = [];
  const nextOf = (index: number): number[] =>
    (nodes[index]?.edges ?? []).filter(follows).map((edge) => edge.to);
  const lower = (index: number, to: number): void => {
    lowest.set(index, Math.min(lowest.get(index) ?? to, to));
  };
  for (const root of nodes.keys()) {
    const trail: { readonly index: number; readonly next: number[] }[] = [];
    const visit = (index: number): void => {
      lowest.set(index, order.size);
      order.set(index, order.size);
      open.push(index);
      isOpen.add(index);
      trail.push({ index, next: nextOf(index) });
    };
    if (!order.has(root)) visit(root);
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const { index } = top;
      const to = top.next.pop();
      if (to !== undefined) {
        if (!order.has(to)) visit(to);
        else if (isOpen.has(to)) lower(index, order.get(to) ?? 0);
        continue;
      }
      trail.pop();
      const low = lowest.get(index) ?? 0;
      const parent = trail.at(-1);
      if (parent !== undefined) lower(parent.index, low);
      if (low !== order.get(index)) continue;
      const members = open.splice(open.indexOf(index));
      for (const member of members) isOpen.delete(member);
      const isLoop = members.length > 1 || nextOf(index).includes(index);
      if (isLoop) loops.push(members.toSorted((one, other) => one - other));
    }
  }
  return loops.toSorted(([one = 0], [other = 0]) => one - other);
}

/** A shortest way round within a loop, from `entry` back to it. */
export function roundTrip(
  nodes: readonly Node[],
  loop: readonly number[],
  entry: number,
  follows: (edge: Edge) => boolean,
): readonly Edge[] {
  const inside = new Set(loop);
  const edgesOf = (index: number): Edge[] =>
    (nodes[index]?.edges ?? []).filter((edge) => inside.has(edge.to) && follows(edge));
  const seen = new Set<number>();
  let ways: Edge[][] = edgesOf(entry).map((edge) => [edge]);
  while (ways.length > 0) {
    const further: Edge[][] = [];
    for (const way of ways) {
      const at = way.at(-1)?.to ?? entry;
      if (at === entry) return way;
      if (seen.has(at)) continue;
      seen.add(at);
      further.push(...edgesOf(at).map((edge) => [...way, edge]));
    }
    ways = further;
  }
  return [];
}
