/**
 * The order, an account and an onboarding, killed at every commit and after every effect while
 * something goes wrong as well: whatever died when, what was done is undone, or given up on and
 * listed. What goes well, and what one service refuses, is tried with all sagas in test/testing;
 * trips are in trip-crashes.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { accountSaga } from '../../machines/account.ts';
import { onboardingSaga } from '../../machines/onboarding.ts';
import { orderSaga } from '../../machines/order.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { crashEverywhere, type CrashWorld } from '../../src/testing/crash-everywhere.ts';
import { WORLDS } from '../testing/crash-worlds.ts';

async function endsOf(saga: SagaDefinition, world: CrashWorld): Promise<readonly string[]> {
  const { base = {} } = WORLDS[saga.id] ?? {};
  const whole = { ...base, ...world };
  const report = await crashEverywhere(saga, whole, { maxCrashes: 1, print: () => {} });
  // A crash before and after each commit at least, or nothing was tried.
  expect(report.runs).toBeGreaterThan(8);
  return Object.keys(report.ends).toSorted();
}

type Case = readonly [string, CrashWorld, readonly string[]];

/** What can go wrong at each step of a saga that is a sequence, beyond a refusal. */
function casesOf({ steps }: SagaDefinition): readonly Case[] {
  const last = steps.at(-1)?.name ?? '';
  return steps.flatMap(({ name, compensation }): readonly Case[] => [
    [
      `${name} is applied and lost once`,
      { script: { [name]: ['applied-then-lost'] } },
      ['completed'],
    ],
    [`${name} hangs once`, { script: { [name]: ['applied-then-hang'] } }, ['completed']],
    [
      `${compensation ?? ''} is refused`,
      { always: { [last]: 'permanent', [compensation ?? '']: 'permanent' } },
      // Of the last step only where a crash left open whether it was refused for certain.
      [...(name === last ? ['compensated'] : []), 'compensation_failed'],
    ],
  ]);
}

describe('an order killed anywhere', () => {
  test.each(casesOf(orderSaga))('comes to its end where %s', async (_, world, ends) => {
    expect(await endsOf(orderSaga, world)).toEqual(ends);
  });

  test.each([
    ['never', { kind: 'never' }, ['compensated']],
    ['unknown', { kind: 'unknown' }, ['compensated']],
    ['happened', { kind: 'happened', output: { transactionId: 't' } }, ['completed']],
  ] as const)('asks whether it was paid, and believes the answer: %s', async (_, output, ends) => {
    const processPayment = output.kind === 'never' ? 'lost' : 'applied-then-lost';
    const world: CrashWorld = { always: { processPayment, findPayment: { output } } };
    expect(await endsOf(orderSaga, world)).toEqual(ends);
  });
});

describe('an account killed anywhere', () => {
  test.each(casesOf(accountSaga))('comes to its end where %s', async (_, world, ends) => {
    expect(await endsOf(accountSaga, world)).toEqual(ends);
  });

  test('is undone where nobody knows whether it was opened', async () => {
    const world: CrashWorld = { always: { openAccount: 'applied-then-lost' } };
    expect(await endsOf(accountSaga, world)).toEqual(['compensated']);
  });
});

describe('an onboarding killed anywhere', () => {
  const account = (options: NonNullable<CrashWorld['children']>[string]): CrashWorld => ({
    children: { account: options },
  });
  const rejected: CrashWorld = { events: [{ type: 'reject' }] };

  test.each([
    ['is undone where it is rejected', rejected, 'compensated'],
    ['is undone where nobody decides', { events: [] }, 'compensated'],
    [
      'is undone where its account is refused',
      account({ always: { openAccount: 'permanent' } }),
      'compensated',
    ],
    [
      'is undone where nobody knows of its account',
      account({ always: { openAccount: 'applied-then-lost' } }),
      'compensated',
    ],
    [
      'waits for a person where the file cannot be closed',
      { ...rejected, always: { closeFile: 'permanent' } },
      'compensation_failed',
    ],
    [
      'completes where each call is lost once',
      {
        script: {
          openFile: ['applied-then-lost'],
          checkCredit: ['applied-then-hang'],
          sendWelcome: ['applied-then-lost'],
        },
        children: { account: { script: { openAccount: ['applied-then-lost'] } } },
      },
      'completed',
    ],
  ] as const satisfies readonly (readonly [string, CrashWorld, string])[])(
    '%s',
    async (_, world, end) => {
      expect(await endsOf(onboardingSaga, world)).toEqual([end]);
    },
  );
});
