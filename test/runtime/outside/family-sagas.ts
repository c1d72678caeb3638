/** A parent saga and the child it runs, hand-written: a customer who gets an account. */
import { assign, sendParent, sendTo, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { UNWIND_CHILD } from '../../../src/core/machine/machine-roles.ts';

type Named = { readonly name: string };
type Call<Output> = (input: Named) => Output;

export type AccountActivities = { open: Call<{ iban: string }>; close: Call<null> };
export type CustomerActivities = { welcome: Call<null>; remove: Call<null> };

const accountMachine = setup({
  types: {
    context: {} as Named & { readonly iban: string },
    input: {} as Named,
    output: {} as { iban: string },
    events: {} as { type: 'approve' } | { type: 'hurry' } | { type: 'backstep.cancel' },
  },
  actors: { open: activity<Named, { iban: string }>(), close: activity<Named, null>() },
}).createMachine({
  id: 'account',
  context: ({ input }) => ({ name: input.name, iban: '' }),
  output: ({ context }) => ({ iban: context.iban }),
  initial: 'opening',
  states: {
    opening: {
      meta: { step: 'open' },
      invoke: {
        id: 'open',
        src: 'open',
        input: ({ context }) => ({ name: context.name }),
        onDone: { target: 'checking', actions: assign({ iban: ({ event }) => event.output.iban }) },
        onError: 'refused',
      },
      on: { 'backstep.cancel': 'closing' },
    },
    checking: {
      tags: ['waiting'],
      entry: sendParent({ type: 'account.checking' }),
      on: { approve: 'opened', hurry: 'opened', 'backstep.cancel': 'closing' },
    },
    closing: {
      tags: ['compensating'],
      meta: { compensates: 'open' },
      invoke: {
        id: 'close',
        src: 'close',
        input: ({ context }) => ({ name: context.name }),
        onDone: 'refused',
      },
    },
    opened: { type: 'final', entry: sendParent({ type: 'account.opened' }) },
    refused: { type: 'final', tags: ['compensated'] },
  },
});

export const accountSaga = durable<AccountActivities>(accountMachine);

const customerMachine = setup({
  types: {
    context: {} as Named & { readonly iban: string; readonly heard: number },
    input: {} as Named,
    events: {} as
      | { type: 'account.checking' | 'account.opened' }
      | { type: 'hurry' }
      | { type: 'backstep.cancel' }
      | { type: 'go' },
  },
  actors: {
    account: activity<Named, { iban: string }>(),
    welcome: activity<Named, null>(),
    remove: activity<Named, null>(),
    [UNWIND_CHILD]: activity<null, null>(),
  },
  actions: { hurryAccount: sendTo('account', { type: 'hurry' }) },
}).createMachine({
  id: 'customer',
  context: ({ input }) => ({ name: input.name, iban: '', heard: 0 }),
  initial: 'account',
  states: {
    account: {
      meta: { step: 'account' },
      invoke: {
        id: 'account',
        src: 'account',
        input: ({ context }) => ({ name: context.name }),
        onDone: {
          target: 'welcoming',
          actions: assign({ iban: ({ event }) => event.output.iban }),
        },
        onError: 'undoing',
      },
      on: {
        'account.*': { actions: assign({ heard: ({ context }) => context.heard + 1 }) },
        hurry: { actions: 'hurryAccount' },
        'backstep.cancel': 'undoing',
      },
    },
    welcoming: {
      meta: { step: 'welcome', kind: 'retriable' },
      invoke: {
        id: 'welcome',
        src: 'welcome',
        input: ({ context }) => ({ name: context.name }),
        onDone: 'done',
        onError: 'undoing',
      },
    },
    undoing: {
      tags: ['compensating'],
      meta: { compensates: 'account' },
      invoke: {
        id: 'unwindAccount',
        src: UNWIND_CHILD,
        input: null,
        onDone: 'undone',
        onError: 'removing',
      },
    },
    removing: {
      tags: ['compensating'],
      meta: { compensates: 'account' },
      invoke: {
        id: 'remove',
        src: 'remove',
        input: ({ context }) => ({ name: context.name }),
        onDone: 'undone',
      },
    },
    done: { type: 'final' },
    undone: { type: 'final', tags: ['compensated'] },
  },
});

export const customerSaga = durable<CustomerActivities>(customerMachine, {
  children: { account: accountSaga },
});
