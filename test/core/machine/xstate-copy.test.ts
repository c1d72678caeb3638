/** Two copies of XState in one program. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import * as own from 'xstate';
import { type AnyStateMachine, createMachine } from 'xstate';
import { createMachine as createOlder } from 'xstate-lowest';
import { durable } from '../../../src/core/define/durable.ts';
import { machineEngine } from '../../fixtures/machine-engine.ts';

const DRAWN = { id: 'm', initial: 'a', states: { a: { type: 'final' } } } as const;

test('a machine of another version is refused in one sentence, wherever it stands', () => {
  const older = createOlder(DRAWN);
  const says = 'machine "m": it comes from another version of XState than the one';
  expect(() => durable(older as never)).toThrow(says);
  const around = createMachine({ id: 'around', invoke: { id: 'm', src: older as never } });
  expect(() => durable(around)).toThrow('comes from another version of XState');
});

test('a machine of another copy of the same version runs as one of the own does', async () => {
  const other = await anotherCopy();
  const machine = other.createMachine(DRAWN);
  expect(machine.constructor).not.toBe(createMachine(DRAWN).constructor);
  const seen = [await lifeOf(own), await lifeOf(other)];
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[0]?.at(-1)).toMatchObject({
    status: 'done',
    output: { heard: ['raised', 'queued', 'stepped'], weight: 7, why: 'Error: lost' },
  });
});

type XState = typeof own;

/** What XState's own files are loaded from once more. */
async function anotherCopy(): Promise<XState> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-xstate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const entry = fileURLToPath(import.meta.resolve('xstate'));
  cpSync(join(dirname(entry), '..'), folder, { recursive: true });
  const copy = pathToFileURL(entry.replace(dirname(entry), join(folder, 'dist'))).href;
  return (await import(/* @vite-ignore */ copy)) as XState;
}

/** A machine of everything that XState lends to machines: creators, actions, guards. */
function errand({ and, assign, enqueueActions, ...x }: XState): AnyStateMachine {
  const heard = (word: string) =>
    assign({ heard: ({ context }: Scene) => [...context.heard, word] } as never);
  const stepped = x.fromTransition((state: number, { type }: { type: string }) => {
    return type === 'STEP' ? state + 1 : state;
  }, 0);
  const config: object = {
    id: 'errand',
    context: { heard: [], weight: 0, why: null } as never,
    initial: 'asking',
    states: {
      asking: {
        entry: x.raise({ type: 'RAISED' }),
        on: {
          RAISED: { actions: [heard('raised'), x.emit({ type: 'told' })] },
          GO: { guard: and([x.not(() => false), () => true]), target: 'weighing' },
        },
      },
      weighing: {
        entry: enqueueActions(({ enqueue }) => {
          enqueue(heard('queued'));
          enqueue.spawnChild('stepped' as never, { id: 'stepper' } as never);
        }),
        invoke: {
          src: x.fromPromise(() => Promise.resolve(7)),
          onDone: {
            target: 'posting',
            actions: [
              assign({
                weight: ({ event }: { event: { output: number } }) => event.output,
              } as never),
              x.sendTo('stepper', { type: 'STEP' }),
            ],
          },
        },
      },
      posting: {
        entry: heard('stepped'),
        invoke: {
          src: x.fromPromise(() => Promise.reject(new Error('lost'))),
          onError: {
            target: 'resting',
            actions: assign({
              why: ({ event }: { event: { error: unknown } }) => String(event.error),
            } as never),
          },
        },
      },
      resting: { after: { 1000: 'over' } },
      over: { type: 'final' },
    },
    output: ({ context }: { context: unknown }) => context,
  };
  return x.createMachine(config, { actors: { stepped } } as never);
}

interface Scene {
  readonly context: { readonly heard: readonly string[] };
}

/** What it goes through, each state read back from the disk by another process. */
async function lifeOf(copy: XState): Promise<readonly object[]> {
  const { engine, sight } = await machineEngine(errand(copy));
  const seen: object[] = [];
  const look = async (): Promise<void> => {
    await engine.crash();
    await engine.quiet();
    seen.push(await sight(id));
  };
  const id = await engine.spawn(undefined);
  await look();
  await engine.send(id, { type: 'GO' });
  await look();
  await engine.advance('2s');
  await look();
  return seen;
}
