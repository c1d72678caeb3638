/**
 * Mistakes that an author makes, one at a time: each kind finds its places in a drawing and changes
 * one of them.
 */
import { not } from 'xstate';
import type { Dice } from './dice.ts';
import {
  copyOf,
  isPlain,
  listOf,
  named,
  type Part,
  type Place,
  placesIn,
  remove,
  statesOf,
  transitionsIn,
} from './drawing-tree.ts';
import {
  aboutAnother,
  actionLists,
  callOf,
  guarded,
  idOf,
  invokes,
  isUndoing,
  leadingTo,
  pairs,
  type Site,
  site,
  stepsIn,
  swap,
  swapIn,
  turnRound,
  withoutSlot,
} from './mutation-sites.ts';

/** A drawing with one mistake in it. */
export interface Mutation {
  readonly kind: string;
  /** Where, and what is changed. */
  readonly what: string;
  readonly config: Part;
}

type Kind = (config: Part, dice: Dice) => readonly Site[];

/** One mistake of this kind, somewhere; `null` where there is no place for it. */
export function mutate(config: object, kind: string, dice: Dice): Mutation | null {
  const copy = copyOf(config as Part);
  const sites = MUTATIONS[kind]?.(copy, dice) ?? [];
  if (sites.length === 0) return null;
  const { what, change } = dice.pick(sites);
  change();
  return { kind, what, config: copy };
}

/** Every kind of mistake, by name. */
export const MUTATIONS: Readonly<Record<string, Kind>> = {
  'a compensation is passed over': (config) =>
    leadingTo(config, isUndoing).flatMap(({ transition, target }) => {
      const onward = transitionsIn(target.state).find(({ slot }) => slot === 'invoke onDone');
      return [
        site(transition, `skips ${target.path.join('.')}`, () => {
          if (onward === undefined) remove(transition);
          else transition.edge['target'] = onward.edge['target'];
        }),
      ];
    }),
  'two compensations change places': (config, dice) =>
    pairs(placesIn(config).filter(isUndoing), dice).map(([one, other]) => ({
      what: `${one.path.join('.')} and ${other.path.join('.')}`,
      change: () => {
        for (const member of ['meta', 'invoke'] as const) swap(one.state, other.state, member);
        swapIn(callOf(one), callOf(other), ['onDone', 'onError']);
      },
    })),
  'a transition leads elsewhere': (config, dice) =>
    transitionsIn(config).map((transition) => {
      const elsewhere = dice.pick(placesIn(config).filter(({ path }) => path.length > 0));
      const to = `#${idOf(config)}.${elsewhere.path.join('.')}`;
      return site(transition, `to ${to}`, () => (transition.edge['target'] = to));
    }),
  'a transition leads back to a call': (config, dice) => {
    const places = placesIn(config);
    const at = (place: Place): number => places.findIndex(({ state }) => state === place.state);
    return transitionsIn(config).flatMap((transition) => {
      const earlier = places.slice(0, at(transition.place)).filter(invokes);
      if (earlier.length === 0) return [];
      const to = `#${idOf(config)}.${dice.pick(earlier).path.join('.')}`;
      return [site(transition, `to ${to}`, () => (transition.edge['target'] = to))];
    });
  },
  'a transition leads to the end': (config, dice) =>
    transitionsIn(config).map((transition) => {
      const end = dice.pick(
        Object.entries(statesOf(config)).filter(([, { type }]) => type === 'final'),
      );
      const to = `#${idOf(config)}.${end[0]}`;
      return site(transition, `to ${to}`, () => (transition.edge['target'] = to));
    }),
  'a transition is missing': (config) =>
    transitionsIn(config).map((each) => site(each, 'removed', () => remove(each))),
  'onError is missing': (config) => withoutSlot(config, (slot) => slot === 'invoke onError'),
  'onDone is missing': (config) => withoutSlot(config, (slot) => slot.endsWith('onDone')),
  'a time-out is missing': (config) => withoutSlot(config, (slot) => slot.startsWith('after ')),
  'a person has no way out': (config) =>
    placesIn(config)
      .filter(({ state }) => listOf(state['tags']).some((tag) => String(tag).endsWith('failed')))
      .map(({ path, state }) => ({ what: path.join('.'), change: () => delete state['on'] })),
  'an order of a person is not heard': (config) =>
    withoutSlot(config, (slot) => slot.startsWith('on backstep')),
  'success and failure change places': (config) =>
    placesIn(config)
      .filter(invokes)
      .map((place) => ({
        what: place.path.join('.'),
        change: () => {
          const call = callOf(place);
          [call['onDone'], call['onError']] = [call['onError'], call['onDone']];
        },
      })),
  'a guard is negated': (config) =>
    guarded(config).map((each) =>
      site(each, 'negated', () => (each.edge['guard'] = not(each.edge['guard'] as never))),
    ),
  'a guard is missing': (config) =>
    guarded(config).map((each) => site(each, 'unguarded', () => delete each.edge['guard'])),
  'guarded transitions change places': (config) =>
    transitionsIn(config)
      .filter(({ list, edge }) => list.indexOf(edge) > 0)
      .map((each) =>
        site(each, 'goes first', () => {
          each.list.splice(each.list.indexOf(each.edge), 1);
          each.list.unshift(each.edge);
        }),
      ),
  'a retry has no bound': (config) =>
    guarded(config).flatMap((each) => {
      const guard = named(each.edge['guard']);
      if (guard === null || guard.params['attempts'] === undefined) return [];
      const params = { ...guard.params, attempts: 1_000_000_000 };
      return [site(each, 'unbounded', () => (each.edge['guard'] = { ...guard, params }))];
    }),
  'a guard asks for another step': (config, dice) =>
    guarded(config).flatMap((each) => {
      const guard = aboutAnother(config, each.edge['guard'], dice);
      return guard === null ? [] : [site(each, 'misnamed', () => (each.edge['guard'] = guard))];
    }),
  'an action is missing': (config) =>
    actionLists(config).map(({ what, holder, member, list, action }) => ({
      what: `${what}: without ${named(action)?.type ?? 'an action'}`,
      change: () => (holder[member] = list.filter((each) => each !== action)),
    })),
  'an action is about another step': (config, dice) =>
    actionLists(config).flatMap(({ what, holder, member, list, action }) => {
      const other = aboutAnother(config, action, dice);
      if (other === null) return [];
      const change = (): unknown =>
        (holder[member] = list.map((each) => (each === action ? other : each)));
      return [{ what: `${what}: ${named(action)?.type ?? ''} misnamed`, change }];
    }),
  'an event is misspelt': (config) =>
    placesIn(config).flatMap(({ path, state }) =>
      Object.entries(isPlain(state['on']) ? state['on'] : {}).map(([type, ways]) => ({
        what: `${path.join('.')} on ${type}`,
        change: () => {
          const { [type]: _, ...rest } = state['on'] as Part;
          state['on'] = { ...rest, [`${type}x`]: ways };
        },
      })),
    ),
  'an end has the wrong status': (config, dice) =>
    placesIn(config)
      .filter(({ path, state }) => state['type'] === 'final' && path.length === 1)
      .map(({ path, state }) => {
        const tags = dice.pick([[], ['compensated'], ['failed'], ['compensation_failed']]);
        return {
          what: `${path.join('.')} is ${tags.join()}`,
          change: () => (state['tags'] = tags),
        };
      }),
  'a status is missing': (config) =>
    placesIn(config)
      .filter(({ state }) => state['tags'] !== undefined && state['type'] !== 'final')
      .map(({ path, state }) => ({ what: path.join('.'), change: () => delete state['tags'] })),
  'a step has the wrong kind': (config, dice) =>
    placesIn(config).flatMap(({ path, state }) => {
      const meta = (state['meta'] ?? {}) as Part;
      if (meta['step'] === undefined) return [];
      const kinds = ['compensatable', 'pivot', 'retriable'].filter((each) => each !== meta['kind']);
      const kind = dice.pick(kinds);
      const change = (): unknown => (state['meta'] = { ...meta, kind });
      return [{ what: `${path.join('.')} is ${kind}`, change }];
    }),
  'meta names another step': (config, dice) =>
    placesIn(config).flatMap(({ path, state }) => {
      const meta = (state['meta'] ?? {}) as Part;
      return ['step', 'compensates', 'probes'].flatMap((role) => {
        const others = stepsIn(config).filter((each) => each !== meta[role]);
        if (meta[role] === undefined || others.length === 0) return [];
        const other = dice.pick(others);
        const change = (): unknown => (state['meta'] = { ...meta, [role]: other });
        return [{ what: `${path.join('.')} ${role} ${other}`, change }];
      });
    }),
  'a lookup is read the wrong way round': (config) =>
    placesIn(config)
      .filter(({ state }) => ((state['meta'] ?? {}) as Part)['probes'] !== undefined)
      .map((place) => ({
        what: place.path.join('.'),
        change: () => {
          for (const each of listOf(callOf(place)['onDone'])) turnRound(each as Part);
        },
      })),
  'a branch is left out': (config) =>
    placesIn(config)
      .filter(({ state }) => state['type'] === 'parallel')
      .flatMap(({ path, state }) =>
        Object.keys(statesOf(state)).map((name) => ({
          what: `${path.join('.')} without ${name}`,
          change: () => {
            const { [name]: _, ...rest } = statesOf(state);
            state['states'] = rest;
          },
        })),
      ),
  'a state begins elsewhere': (config, dice) =>
    placesIn(config)
      .filter(
        ({ state }) => Object.keys(statesOf(state)).length > 1 && state['type'] !== 'parallel',
      )
      .map(({ path, state }) => {
        const others = Object.keys(statesOf(state)).filter((name) => name !== state['initial']);
        const initial = dice.pick(others);
        return {
          what: `${path.join('.')} in ${initial}`,
          change: () => (state['initial'] = initial),
        };
      }),
  'an end is no end': (config) =>
    placesIn(config)
      .filter(({ state }) => state['type'] === 'final')
      .map(({ path, state }) => ({ what: path.join('.'), change: () => delete state['type'] })),
  'a history is shallow': (config) =>
    placesIn(config)
      .filter(({ state }) => state['history'] === 'deep')
      .map(({ path, state }) => ({
        what: path.join('.'),
        change: () => (state['history'] = 'shallow'),
      })),
  'a delay has another name': (config) =>
    placesIn(config).flatMap(({ path, state }) =>
      Object.entries(isPlain(state['after']) ? state['after'] : {}).map(([delay, ways]) => ({
        what: `${path.join('.')} after ${delay}`,
        change: () => {
          const { [delay]: _, ...rest } = state['after'] as Part;
          state['after'] = { ...rest, [`other-${delay}`]: ways };
        },
      })),
    ),
};
