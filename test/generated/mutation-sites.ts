/** Where mistakes can be made in a drawing, and the small changes that they are made of. */
import type { Dice } from './dice.ts';
import {
  isPlain,
  listOf,
  named,
  type Part,
  type Place,
  placesIn,
  remove,
  type Transition,
  transitionsIn,
} from './drawing-tree.ts';

/** One place where a mistake can be made, in a drawing that may be changed. */
export interface Site {
  readonly what: string;
  readonly change: () => void;
}

export function site({ place, slot }: Transition, what: string, change: () => void): Site {
  return { what: `${place.path.join('.')} ${slot}: ${what}`, change };
}

export function guarded(config: Part): readonly Transition[] {
  return transitionsIn(config).filter(({ edge }) => edge['guard'] !== undefined);
}

export function withoutSlot(config: Part, isMeant: (slot: string) => boolean): readonly Site[] {
  const all = transitionsIn(config).filter(({ slot }) => isMeant(slot));
  return all.map((each) =>
    site(each, 'removed', () => {
      for (const other of all) if (other.list === each.list) remove(other);
    }),
  );
}

export function callOf({ state }: Place): Part {
  return (state['invoke'] ?? {}) as Part;
}

export function invokes({ state }: Place): boolean {
  return isPlain(state['invoke']);
}

export function isUndoing(place: Place): boolean {
  return invokes(place) && ((place.state['meta'] ?? {}) as Part)['compensates'] !== undefined;
}

/** The transitions that lead straight to such a state, or to one that begins in it. */
export function leadingTo(config: Part, isMeant: (place: Place) => boolean) {
  const targets = new Map<string, Place>();
  for (const place of placesIn(config)) {
    if (!isMeant(place)) continue;
    targets.set(place.path.join('.'), place);
    targets.set(place.path.slice(0, -1).join('.'), place);
  }
  return transitionsIn(config).flatMap((transition) => {
    const to = String(transition.edge['target']);
    const path = to.startsWith('#')
      ? to.slice(idOf(config).length + 2)
      : [...transition.place.path.slice(0, -1), to].join('.');
    const target = targets.get(path);
    return target === undefined ? [] : [{ transition, target }];
  });
}

export function idOf(config: Part): string {
  return String(config['id']);
}

export function stepsIn(config: Part): readonly string[] {
  const names = placesIn(config).map(({ state }) => ((state['meta'] ?? {}) as Part)['step']);
  return [...new Set(names.filter((name) => typeof name === 'string'))];
}

/** The same guard or action about another step; `null` where it is about none. */
export function aboutAnother(config: Part, part: unknown, dice: Dice): object | null {
  const known = named(part);
  const member = ['step', 'activity', 'steps'].find((each) => known?.params[each] !== undefined);
  if (known === null || member === undefined) return null;
  const present = listOf(known.params[member]);
  const others = stepsIn(config).filter((each) => !present.includes(each));
  if (others.length === 0) return null;
  const other = dice.pick(others);
  const value = Array.isArray(known.params[member]) ? [other] : other;
  return { type: known.type, params: { ...known.params, [member]: value } };
}

/** Every action with the list it stands in: of a transition, or of an entry. */
export function actionLists(config: Part) {
  const holders = [
    ...transitionsIn(config).map(({ place, slot, edge }) => ({
      what: `${place.path.join('.')} ${slot}`,
      holder: edge,
      member: 'actions',
    })),
    ...placesIn(config).map(({ path, state }) => ({
      what: `${path.join('.')} entry`,
      holder: state,
      member: 'entry',
    })),
  ];
  return holders.flatMap(({ what, holder, member }) => {
    const list = listOf(holder[member]);
    return list.map((action) => ({ what, holder, member, list, action }));
  });
}

export function pairs(places: readonly Place[], dice: Dice): readonly (readonly [Place, Place])[] {
  const [one, other] = dice.shuffled(places);
  return one === undefined || other === undefined ? [] : [[one, other]];
}

export function swap(one: Part, other: Part, member: string): void {
  [one[member], other[member]] = [other[member], one[member]];
}

export function swapIn(one: Part, other: Part, members: readonly string[]): void {
  for (const member of members) swap(one, other, member);
}

export function turnRound(edge: Part): void {
  const names: Readonly<Record<string, string>> = {
    hasHappened: 'neverHappened',
    neverHappened: 'hasHappened',
  };
  const other = names[named(edge['guard'])?.type ?? ''];
  if (other !== undefined) edge['guard'] = other;
}
