/** A context that would come back changed from a restart is refused before it is stored. */
import { describe, expect, test } from 'vitest';
import { assign, raise, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import type { Turn } from '../../../src/core/turn/inbound.ts';
import { begin } from '../../../src/core/turn/turn.ts';
import { SagaDriver } from '../turn/saga-driver.ts';

const kit = setup({
  types: { context: {} as { value: unknown } },
  actors: { book: activity<null, null>() },
});

describe('a context that JSON does not keep', () => {
  const kept = (value: unknown) => {
    const machine = kit.createMachine({
      id: 'hotel',
      context: { value: null },
      on: { set: { actions: assign({ value: () => value }) } },
    });
    const saga = new SagaDriver(durable(machine), null);
    return saga.take({ kind: 'event', id: 'set-1', event: { type: 'set' } });
  };

  const contextOf = (taken: Turn): object => {
    if (taken.kind !== 'advanced') throw new Error(taken.kind);
    return taken.state.snapshot.context as object;
  };

  test.each([
    ['a Date', new Date(0), '"value" is a Date'],
    ['a Map', { inside: new Map() }, '"value.inside" is a Map'],
    ['NaN', Number.NaN, '"value" is NaN'],
    ['undefined in a list', [undefined], '"value.0" is undefined'],
  ])('because of %s is refused, naming the saga and the place', (_, value, message) => {
    expect(() => kept(value)).toThrow(/saga "hotel": context/);
    expect(() => kept(value)).toThrow(message);
  });

  test('is refused at the start as well', () => {
    const machine = setup({}).createMachine({ id: 'hotel', context: { at: new Date(0) } });
    expect(() => begin(durable(machine), 'saga-1', null, 0)).toThrow('"at" is a Date');
  });

  test('does not include undefined members: they are left out before anybody reads them', () => {
    expect(contextOf(kept(undefined))).toEqual({});
    expect('value' in contextOf(kept(undefined))).toBe(false);
    const deep = contextOf(kept({ list: [{ a: undefined, b: 1 }] }));
    expect(JSON.stringify(deep)).toBe('{"value":{"list":[{"b":1}]}}');
    expect(Object.hasOwn((deep as { value: { list: object[] } }).value.list[0] ?? {}, 'a')).toBe(
      false,
    );
  });

  test('because it holds itself is refused as a cycle', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(() => kept(cycle)).toThrow('"value.self" is a cycle: it leads back to "value"');
  });

  test('is refused in an output as well, and in a delayed event', () => {
    const ending = setup({}).createMachine({
      id: 'hotel',
      initial: 'a',
      states: { a: { type: 'final' } },
      output: { at: new Date(0) },
    });
    expect(() => begin(durable(ending), 'saga-1', null, 0)).toThrow(
      'saga "hotel": output: "at" is a Date',
    );
    const late = setup({
      actions: { later: raise({ type: 'x', at: new Date(0) } as never, { delay: 5, id: 'x' }) },
    }).createMachine({ id: 'hotel', entry: 'later' });
    expect(() => begin(durable(late), 'saga-1', null, 0)).toThrow(
      'delayed event x: "at" is a Date',
    );
  });

  test('may nest deeper than the values it holds', () => {
    const nested = (levels: number) =>
      JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;
    expect(kept(nested(100)).kind).toBe('advanced');
    expect(() => kept(nested(200))).toThrow('nested deeper than 128 levels');
  });
});
