/** The sagas of the conformance suite: short delays without jitter, for hosts on the real clock. */
import { z } from 'zod';
import type { ProbeAnswer } from '../../src/core/activity.ts';
import type { Duration } from '../../src/core/duration.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import { exponential } from '../../src/core/retry-policy.ts';

/** What every saga is started with. */
export const Input = z.object({ of: z.string().min(1) });
export const INPUT = { of: 'p-1' };

type Call = (input: { readonly of: string }) => { readonly receipt: string };
export type Calls<Names extends string> = Record<Names, Call>;

/** Three attempts, 10 ms apart. */
const retry = exponential({ first: '10ms', factor: 1, max: '10ms', attempts: 3, jitter: 'none' });
const input = (view: { readonly input: { readonly of: string } }) => ({ of: view.input.of });
export const attempt = { input, retry } as const;

type ParcelActivities = Calls<
  'reserve' | 'release' | 'pay' | 'refund' | 'pack' | 'unpack' | 'ship' | 'recall'
> & { findPayment: (input: { readonly of: string }) => ProbeAnswer<{ readonly receipt: string }> };

/** Four steps with a compensation each, of which one asks when it is in doubt. */
export const parcelSaga = defineSaga({
  id: 'parcel',
  input: Input,
  activities: {} as ParcelActivities,
})
  .step('reserve', { ...attempt, compensate: { ...attempt, activity: 'release' } })
  .step('pay', {
    ...attempt,
    probe: { ...attempt, activity: 'findPayment' },
    compensate: { ...attempt, activity: 'refund' },
  })
  .step('pack', { ...attempt, compensate: { ...attempt, activity: 'unpack' } })
  .step('ship', { ...attempt, compensate: { ...attempt, activity: 'recall' } })
  .emitOnCompleted(({ input: { of } }) => ({ type: 'parcel.shipped', of }))
  .build();

/** One step whose attempts are given little time; `more` says how else they are limited. */
export function hastySaga(
  more: { readonly timeout?: Duration; readonly heartbeat?: Duration; repeatable?: boolean } = {},
) {
  return defineSaga({ id: 'hasty', input: Input, activities: {} as Calls<'call' | 'uncall'> })
    .step('call', {
      ...attempt,
      timeout: '150ms',
      ...more,
      compensate: { ...attempt, activity: 'uncall' },
    })
    .build();
}

/** A step that is tried for so long and no longer, whatever the number of its attempts. */
export const patientSaga = defineSaga({
  id: 'patient',
  input: Input,
  activities: {} as Calls<'call' | 'uncall'>,
})
  .step('call', {
    input,
    retry: exponential({ first: '20ms', factor: 1, attempts: 1_000, total: '200ms' }),
    compensate: { ...attempt, activity: 'uncall' },
  })
  .build();

/** A go or no-go, and a step that must succeed after it. */
export const pivotSaga = defineSaga({
  id: 'pivot',
  input: Input,
  activities: {} as Calls<'hold' | 'unhold' | 'decide' | 'deliver'>,
})
  .step('hold', { ...attempt, compensate: { ...attempt, activity: 'unhold' } })
  .step('decide', { ...attempt, kind: 'pivot' })
  .step('deliver', { ...attempt, kind: 'retriable' })
  .build();

/** Chooses a way by its input. */
export const choiceSaga = defineSaga({
  id: 'choice',
  input: Input,
  activities: {} as Calls<'fly' | 'unfly' | 'drive' | 'undrive' | 'tell'>,
})
  .choose('way', {
    far: {
      when: ({ input: { of } }) => of === 'far',
      steps: (way) =>
        way.step('fly', { ...attempt, compensate: { ...attempt, activity: 'unfly' } }),
    },
    near: {
      when: () => true,
      steps: (way) =>
        way.step('drive', { ...attempt, compensate: { ...attempt, activity: 'undrive' } }),
    },
  })
  .step('tell', { ...attempt, kind: 'read-only' })
  .build();

/** Sends as many letters as its input has characters, at most three. */
export const loopSaga = defineSaga({
  id: 'loop',
  input: Input,
  activities: {} as Calls<'send' | 'unsend' | 'close' | 'reopen'>,
})
  .repeat('letters', {
    atMost: 3,
    while: ({ input: { of }, round }) => round <= of.length,
    steps: (letters) =>
      letters.step('send', { ...attempt, compensate: { ...attempt, activity: 'unsend' } }),
  })
  .step('close', { ...attempt, compensate: { ...attempt, activity: 'reopen' } })
  .build();

/** Two steps at once, and one after both. */
export const branchesSaga = defineSaga({
  id: 'branches',
  input: Input,
  activities: {} as Calls<'bookA' | 'cancelA' | 'bookB' | 'cancelB' | 'confirm' | 'unconfirm'>,
})
  .parallel('both', {
    a: (branch) =>
      branch.step('bookA', { ...attempt, compensate: { ...attempt, activity: 'cancelA' } }),
    b: (branch) =>
      branch.step('bookB', { ...attempt, compensate: { ...attempt, activity: 'cancelB' } }),
  })
  .step('confirm', { ...attempt, compensate: { ...attempt, activity: 'unconfirm' } })
  .build();

/** Waits for a person between two steps. */
export function requestSaga(
  more: {
    readonly within?: Duration;
    readonly deadline?: Duration;
    readonly remindEvery?: Duration;
  } = {},
) {
  const { within = '1h', deadline = '2h', remindEvery } = more;
  const emit = () => ({ type: 'request.waits' });
  return defineSaga({
    id: 'request',
    input: Input,
    activities: {} as Calls<'file' | 'withdraw' | 'grant' | 'revoke'>,
    deadline,
  })
    .step('file', { ...attempt, compensate: { ...attempt, activity: 'withdraw' } })
    .wait('decision', {
      on: { approve: 'continue', reject: 'compensate' },
      within,
      ...(remindEvery === undefined ? {} : { remind: { every: remindEvery, emit } }),
    })
    .step('grant', { ...attempt, compensate: { ...attempt, activity: 'revoke' } })
    .build();
}

/** The child of `houseSaga`; it waits when it is told to. */
export const roomSaga = defineSaga({
  id: 'room',
  input: Input,
  activities: {} as Calls<'build' | 'tearDown' | 'paint' | 'unpaint'>,
})
  .step('build', { ...attempt, compensate: { ...attempt, activity: 'tearDown' } })
  .wait('colour', { on: { chosen: 'continue' }, within: '1h' })
  .step('paint', { ...attempt, compensate: { ...attempt, activity: 'unpaint' } })
  .output(({ input: { of } }) => ({ room: of }))
  .build();

/** A parent: land, a child saga, a roof. */
export const houseSaga = defineSaga({
  id: 'house',
  input: Input,
  activities: {} as Calls<'buyLand' | 'sellLand' | 'roof' | 'unroof' | 'demolish'>,
})
  .step('buyLand', { ...attempt, compensate: { ...attempt, activity: 'sellLand' } })
  .child('room', {
    saga: roomSaga,
    input: ({ input: { of } }) => ({ of: `${of}-room` }),
    compensate: { ...attempt, activity: 'demolish' },
  })
  .step('roof', { ...attempt, compensate: { ...attempt, activity: 'unroof' } })
  .build();

/** The parent of the parent. */
export const streetSaga = defineSaga({
  id: 'street',
  input: Input,
  activities: {} as Calls<'pave' | 'unpave' | 'abandon'>,
})
  .child('house', {
    saga: houseSaga,
    input: ({ input: { of } }) => ({ of: `${of}-house` }),
    compensate: { ...attempt, activity: 'abandon' },
  })
  .step('pave', { ...attempt, compensate: { ...attempt, activity: 'unpave' } })
  .build();

/** Two versions of one saga; the second asks for a second opinion before it files. */
export function formSaga(version: 1 | 2) {
  const draft = defineSaga({
    id: 'form',
    version,
    input: Input,
    activities: {} as Calls<'file' | 'unfile' | 'stamp' | 'unstamp'>,
  })
    .step('file', { ...attempt, compensate: { ...attempt, activity: 'unfile' } })
    .wait('decision', { on: { approve: 'continue' }, within: '1h' });
  if (version === 1) return draft.build();
  return draft
    .step('stamp', { ...attempt, compensate: { ...attempt, activity: 'unstamp' } })
    .build();
}
