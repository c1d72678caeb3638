/** Custom actions of a machine: run once their turn is durable, by the machine or by a subscriber. */
import { describe, expect, test } from 'vitest';
import { assign, enqueueActions, setup } from 'xstate';
import { durable } from '../../../src/core/define/durable.ts';
import { subscriptionFaults } from '../../../src/host/subscription-check.ts';
import { machineEngine } from '../../fixtures/machine-engine.ts';

/** Writes down what its actions were given. */
function ward() {
  const seen: unknown[] = [];
  const machine = setup({
    types: {
      context: {} as { patient: string; calls: number },
      events: {} as { type: 'FEVER'; degrees: number } | { type: 'CALLED' } | { type: 'REST' },
    },
    actions: {
      order: ({ context, event }, params: { drug: string }) => {
        seen.push(['order', context.patient, event.type, params.drug]);
      },
      unwritten: undefined as never,
    },
  }).createMachine({
    id: 'ward',
    context: { patient: 'ada', calls: 0 },
    initial: 'watching',
    states: {
      watching: {
        on: {
          FEVER: {
            target: 'treating',
            actions: [
              { type: 'order', params: { drug: 'tea' } },
              ({ context, event, self }) => {
                seen.push(['inline', context.calls, event.degrees]);
                self.send({ type: 'CALLED' });
              },
              assign({ calls: ({ context }) => context.calls + 1 }),
            ],
          },
          CALLED: { actions: 'unwritten' },
        },
      },
      treating: {
        exit: ({ context }) => {
          seen.push(['exit', context.calls]);
        },
        on: {
          CALLED: { actions: assign({ calls: ({ context }) => context.calls + 10 }) },
          REST: 'watching',
        },
      },
    },
  });
  return { machine, seen };
}

describe('a custom action', () => {
  test('runs with what it was given in its step, and what it sends is heard after it', async () => {
    const { machine, seen } = ward();
    const { engine, sight } = await machineEngine(machine);
    const id = await engine.spawn(null);
    await engine.send(id, { type: 'FEVER', degrees: 40 });
    expect(seen).toEqual([
      ['order', 'ada', 'FEVER', 'tea'],
      ['inline', 0, 40],
    ]);
    expect(await sight(id)).toMatchObject({ value: 'treating', context: { calls: 11 } });
    await engine.crash();
    await engine.send(id, { type: 'REST' });
    expect(seen.at(-1)).toEqual(['exit', 11]);
    expect(seen).toHaveLength(3);
  });

  test('is handed to a subscriber that is bound under its name', async () => {
    const { machine, seen } = ward();
    const heard: unknown[] = [];
    const { engine } = await machineEngine(machine, {
      subscribers: {
        order: (event, { key }) => {
          heard.push([event, typeof key]);
        },
      },
    });
    const id = await engine.spawn(null);
    await engine.send(id, { type: 'FEVER', degrees: 40 });
    const context = { patient: 'ada', calls: 0 };
    const event = { type: 'FEVER', degrees: 40 };
    expect(heard).toEqual([[{ type: 'order', params: { drug: 'tea' }, context, event }, 'string']]);
    expect(seen).toEqual([['inline', 0, 40]]);
  });

  test('that throws is tried again until it works, and holds up nothing else', async () => {
    let tries = 0;
    const machine = setup({
      actions: {
        ring: () => {
          tries += 1;
          if (tries < 3) throw new Error('nobody there');
        },
      },
    }).createMachine({ id: 'bell', on: { RING: { actions: 'ring' } } });
    const { engine } = await machineEngine(machine);
    const id = await engine.spawn(null);
    await engine.send(id, { type: 'RING' });
    expect(tries).toBe(1);
    await engine.advance('1m');
    expect(tries).toBe(3);
  });

  test('that nobody wrote does nothing, and the log says so', () => {
    const { machine } = ward();
    expect(subscriptionFaults(durable(machine), {})).toEqual([
      'saga "ward" runs the action "unwritten", which nobody wrote: it does nothing; write it, or ' +
        'bind a subscriber of that name',
    ]);
  });

  test('that is made at run time is refused, because no restart would find it', async () => {
    const machine = setup({}).createMachine({
      id: 'late',
      on: { GO: { actions: enqueueActions(({ enqueue }) => enqueue(() => {})) } },
    });
    const { engine } = await machineEngine(machine);
    const id = await engine.spawn(null);
    await expect(engine.send(id, { type: 'GO' })).rejects.toThrow(
      /machine "late" on "GO": the action ".*" is made at run time.*name it in setup/,
    );
  });
});
