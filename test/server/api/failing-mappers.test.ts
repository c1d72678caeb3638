/** Events on which the saga's own code fails: they are not taken, and the sender is told. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { openFixture, problemIn } from '../http-fixture.ts';

it('is 422 for an event on which a mapper throws, and the log says which', async () => {
  const missing: { readonly id?: { readonly text: string } } = {};
  const throwing = defineSaga({
    id: 'odd',
    input: z.null(),
    activities: {} as { pay: (input: unknown) => null },
  })
    .wait('word', { on: { say: 'continue' }, within: '1d' })
    .step('pay', { kind: 'pivot', input: () => (missing.id as { readonly text: string }).text })
    .build();
  const odd = await openFixture({
    register: (backstep) => backstep.register(throwing, { activities: { pay: () => null } }),
  });
  const { id } = await odd.backstep.spawn('odd', { input: null });
  const response = await odd.send('POST', `/api/sagas/${id}/events`, { type: 'say' });
  expect(await problemIn(response)).toEqual([422, 'event-failed']);
  expect(odd.log.at(-1)?.[0]).toMatchObject({
    err: {
      message: expect.stringContaining(
        'saga "odd", step "pay", input: Cannot read properties of undefined',
      ) as unknown,
    },
  });
  expect((await odd.backstep.saga(id).state())?.status).toBe('waiting');
  await odd.dispose();
});
