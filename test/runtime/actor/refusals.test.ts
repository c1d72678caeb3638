/** A refusal says what was asked, why it is not done, and what would be. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { FakeActivities } from '../../../src/testing/fake-activities.ts';
import { openTestEngine, type TestEngine } from '../../../src/testing/test-engine.ts';

type Calls = Record<'pack' | 'ship' | 'undo', (input: null) => null>;
const work = activity<null, null>();

const machine = setup({
  types: { events: {} as { type: 'leave' | 'pay' | 'sign' | 'backstep.cancel'; amount?: number } },
  actors: { pack: work, ship: work, undo: work },
  guards: { isEnough: ({ event }) => 'amount' in event && event.amount > 9 },
}).createMachine({
  id: 'parcel',
  initial: 'packing',
  states: {
    packing: { invoke: { id: 'pack', src: 'pack', input: null, onDone: 'paying' } },
    paying: {
      tags: ['waiting'],
      on: { pay: { guard: 'isEnough', target: 'shipping' }, 'backstep.cancel': 'undoing' },
    },
    shipping: { invoke: { id: 'ship', src: 'ship', input: null, onDone: 'signing' } },
    signing: { tags: ['waiting'], on: { sign: 'done', leave: 'done' } },
    undoing: {
      tags: ['compensating'],
      meta: { compensates: 'pack' },
      invoke: { id: 'undo', src: 'undo', input: null, onDone: 'undone' },
    },
    done: { type: 'final' },
    undone: { type: 'final', tags: ['compensated'] },
  },
});
const parcelSaga = durable<Calls>(machine, { keepsEarly: ['sign'] });

async function openAt(
  state: string,
): Promise<{ readonly id: string; readonly engine: TestEngine }> {
  const fakes = new FakeActivities(parcelSaga, { always: { ship: 'hang', undo: 'hang' } });
  const engine = await openTestEngine(parcelSaga, fakes);
  onTestFinished(() => engine.close());
  const id = await engine.spawn(null);
  if (state === 'shipping') await engine.send(id, { type: 'pay', amount: 10 });
  if (state === 'undoing') await engine.command(id, { name: 'cancel' });
  if (state === 'paused') await engine.command(id, { name: 'pause' });
  if (state === 'terminated') await engine.command(id, { name: 'terminate' });
  return { id, engine };
}

describe('of an event', () => {
  test.each([
    ['paying', 'Pay', 'knows no event "Pay" (did you mean "pay"?)', ['pay'], ['sign']],
    ['paying', 'party', 'knows no event "party"', ['pay'], ['sign']],
    ['paying', 'pay', 'does not take this event "pay" in "paying": its guards', ['pay'], ['sign']],
    ['paying', 'leave', 'takes no event "leave" yet, and does not keep it', ['pay'], ['sign']],
    ['shipping', 'pay', 'takes no event "pay" any more: nothing waits for it from', [], ['sign']],
    ['undoing', 'sign', 'takes no event "sign" any more: nothing waits', [], []],
    ['paused', 'pay', 'is paused and takes no event "pay" yet', [], ['sign']],
    [
      'paying',
      'backstep.cancel',
      'takes no event "backstep.cancel" from outside',
      ['pay'],
      ['sign'],
    ],
    ['terminated', 'pay', 'has ended (terminated) and takes no event "pay" any more', [], []],
  ])('in %s, of type %s: %s', async (state, type, why, legal, kept) => {
    const { id, engine } = await openAt(state);
    const refused = engine.send(id, { type });
    await expect(refused).rejects.toMatchObject({ code: 'not-legal', legal, kept });
    await expect(refused).rejects.toThrow(`saga ${id} ${why}`);
    if (state === 'terminated') return;
    const offer = kept.length === 0 ? '' : '; kept for later: sign';
    await expect(refused).rejects.toThrow(`; legal now: ${legal.join() || 'nothing'}${offer}`);
  });

  test('of which too many are kept already', async () => {
    const { id, engine } = await openAt('shipping');
    for (let n = 0; n < 16; n++) await engine.send(id, { type: 'sign' });
    await expect(engine.send(id, { type: 'sign' })).rejects.toThrow(
      `saga ${id} keeps 16 early events already: event "sign" is one too many`,
    );
    await expect(engine.send(id, { type: 'pay' })).rejects.toMatchObject({
      code: 'not-legal',
    });
  });

  test('shows no more of a type than a line', async () => {
    const { id, engine } = await openAt('paying');
    const refused = engine.send(id, { type: 'x'.repeat(100_000) });
    await expect(refused).rejects.toThrow(/^saga .{1,299}$/);
  });
});

describe('of a command', () => {
  test.each([
    ['paying', 'retry', 'nothing waits to be tried again; legal now: edit-context, pause, cancel'],
    ['undoing', 'cancel', 'it is compensating already; legal now: pause, terminate'],
    ['paused', 'cancel', 'the saga is paused: resume it first; legal now: edit-context, resume'],
  ] as const)('in %s: %s', async (state, name, why) => {
    const { id, engine } = await openAt(state);
    await expect(engine.command(id, { name })).rejects.toThrow(
      `saga ${id} does not take the command "${name}" now: ${why}`,
    );
  });

  test('after the end', async () => {
    const { id, engine } = await openAt('terminated');
    const refused = engine.command(id, { name: 'retry' });
    await expect(refused).rejects.toMatchObject({
      message: `saga ${id} has ended (terminated) and takes no command "retry" any more`,
      legal: [],
    });
  });
});
