/** Attempts under way while another name for their step comes, without a restart. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AnyStateMachine, setup } from 'xstate';
import { activity, type ActivityContext } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { EngineHarness } from '../engine-harness.ts';

type Filing = { file: (input: null) => null; lodge: (input: null) => null };

function formMachine(name: keyof Filing): AnyStateMachine {
  const actors = { file: activity<null, null>(), lodge: activity<null, null>() };
  return setup({ actors }).createMachine({
    id: 'form',
    initial: 'filing',
    states: {
      filing: { invoke: { id: name, src: name, input: null, onDone: 'filed' } },
      filed: { type: 'final' },
    },
  } as never) as unknown as AnyStateMachine;
}

const v1 = durable<Filing>(formMachine('file'));
const v2 = durable<Filing>(formMachine('lodge'), { version: 2 });

let engine: EngineHarness<Filing>;

beforeEach(() => {
  engine = new EngineHarness(v1);
});

afterEach(() => engine.dispose());

test('go on under the new name with their key, and what ran under the old one is given up', async () => {
  const calls: [string, ActivityContext][] = [];
  const file = (_: null, context: ActivityContext): Promise<never> => {
    calls.push(['file', context]);
    return new Promise(() => {});
  };
  const lodge = (_: null, context: ActivityContext): null => {
    calls.push(['lodge', context]);
    return null;
  };
  const backstep = await engine.open({ file, lodge });
  const { id } = await backstep.spawn('form', { input: null });
  const migrate = { 1: () => ({ steps: { file: 'lodge' } }) };
  backstep.register(v2, { activities: { file, lodge }, migrate });
  expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
  expect(calls.map(([name, { key }]) => [name, key])).toEqual([
    ['file', `${id}/file/forward/1`],
    ['lodge', `${id}/file/forward/1`],
  ]);
  expect(calls[0]?.[1].signal.aborted).toBe(true);
});
