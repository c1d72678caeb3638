/**
 * A person who settles what waits for one, in whatever way is legal, but never with a lie: who says
 * that something never happened has looked, and has seen to it that it never will.
 */
import type { CommandName } from '../../src/core/turn/inbound.ts';
import type { Books } from './books.ts';
import type { Chance } from './chance.ts';
import type { StoredParts } from './stored-states.ts';

/** What a person may say of what waits for one. */
export const ANY_WAY: readonly CommandName[] = [
  'skip',
  'accept-partial',
  'compensate',
  'skip',
  'terminate',
];

/** After so many times a person thinks of what would mend it. */
const MAX_ROUNDS = 4;

/** What is said without thinking; `null`: what mends it. `round` counts from 1. */
export function anyWay(chance: Chance, sagaId: string, round: number): CommandName | null {
  if (round > MAX_ROUNDS) return null;
  return ANY_WAY[chance.between(`settle/${sagaId}/${round}`, 0, ANY_WAY.length)] ?? null;
}

/**
 * What may be said in the place of the command: that a saga turn back says that a pivot in doubt
 * never happened.
 */
export function honestly(
  name: CommandName,
  sagaId: string,
  parts: StoredParts,
  books: readonly Books[],
): CommandName {
  if (name !== 'compensate' || parts.status !== 'failed') return name;
  for (const { step, key } of pivotsInDoubt(sagaId, parts)) {
    const about = { orderId: sagaId, quantity: 0, amountMinor: 0, child: null };
    for (const each of books) each.run({ kind: 'ask', step, key, sagaId, ...about });
    if (books.some((each) => each.stateOf(key) === 'applied')) return 'skip';
  }
  return name;
}

/** True once a person has seen to it that a pivot in doubt never happens. */
export function isDenied(sagaId: string, parts: StoredParts, books: readonly Books[]): boolean {
  return pivotsInDoubt(sagaId, parts).some(({ key }) =>
    books.every((each) => each.stateOf(key) === 'fenced'),
  );
}

function pivotsInDoubt(sagaId: string, { steps }: StoredParts) {
  return steps.flatMap(({ name, kind, status, occurrence }) =>
    kind === 'pivot' && status === 'in_doubt'
      ? [{ step: name, key: `${sagaId}/${name}/forward/${occurrence}` }]
      : [],
  );
}
