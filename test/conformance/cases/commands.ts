/** What a person may order, and what is refused. */
import { expect } from 'vitest';
import type { CommandName } from '../../../src/core/turn/inbound.ts';
import type { Case } from '../case.ts';
import { parcelSaga, requestSaga } from '../sagas.ts';

const endsAWait = (
  name: CommandName,
  status: 'compensated' | 'terminated',
  standing: readonly string[],
): Case => ({
  title: `${name} ends a saga that waits as ${status}, and stands in the audit`,
  async run(scene) {
    const fakes = scene.bind(requestSaga());
    await scene.deploy();
    const { id } = await scene.start('request');
    await scene.hasStatus(id, 'waiting');
    await scene.backstep.saga(id).command({ name, by: 'ada', reason: 'for a reason' });
    await scene.settles(id, status);
    expect(fakes.standing).toEqual(standing);
    expect(await scene.backstep.read.audit(id)).toMatchObject([
      { command: name, by: 'ada', reason: 'for a reason' },
    ]);
  },
});

const isNotLegal = (name: CommandName): Case => ({
  title: `${name} is not legal for a saga that ended, and is told so`,
  async run(scene) {
    scene.bind(parcelSaga);
    await scene.deploy();
    const { id } = await scene.runs('parcel', 'completed');
    const saga = scene.backstep.saga(id);
    const before = await saga.state();
    await expect(saga.command({ name, by: 'ada' })).rejects.toMatchObject({ code: 'not-legal' });
    expect((await saga.state())?.seq).toBe(before?.seq);
  },
});

export const COMMAND_CASES: readonly Case[] = [
  endsAWait('cancel', 'compensated', []),
  endsAWait('terminate', 'terminated', ['file']),
  ...(['retry', 'skip', 'compensate', 'resume', 'pause', 'cancel', 'terminate'] as const).map(
    isNotLegal,
  ),
  {
    title: 'a paused saga takes no event, and goes on where it stood when it is resumed',
    async run(scene) {
      scene.bind(requestSaga());
      await scene.deploy();
      const { id } = await scene.start('request');
      await scene.hasStatus(id, 'waiting');
      const saga = scene.backstep.saga(id);
      expect((await saga.command({ name: 'pause', by: 'ada' })).status).toBe('paused');
      expect((await saga.command({ name: 'resume', by: 'ada' })).status).toBe('waiting');
      await saga.send({ type: 'approve' }, { eventId: 'e-1' });
      await scene.settles(id, 'completed');
    },
  },
  {
    title: 'a deadline that passes while a saga is paused fires when it is resumed',
    async run(scene) {
      // Longer than a busy machine takes to pause the saga.
      const fakes = scene.bind(requestSaga({ within: '2s' }));
      await scene.deploy();
      const { id } = await scene.start('request');
      const { live } = await scene.hasStatus(id, 'waiting');
      const dueMs = Math.min(...Object.values(live.timers).flatMap((timer) => timer.dueMs ?? []));
      const saga = scene.backstep.saga(id);
      await saga.command({ name: 'pause', by: 'ada' });
      await passed(dueMs);
      expect((await saga.state())?.status).toBe('paused');
      await saga.command({ name: 'resume', by: 'ada' });
      await scene.settles(id, 'compensated');
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'edit-context changes what later steps are called with',
    async run(scene) {
      const fakes = scene.bind(requestSaga());
      await scene.deploy();
      const { id } = await scene.start('request');
      await scene.hasStatus(id, 'waiting');
      const saga = scene.backstep.saga(id);
      await saga.command({ name: 'edit-context', by: 'ada', context: { input: { of: 'p-2' } } });
      await saga.send({ type: 'approve' }, { eventId: 'e-1' });
      await scene.settles(id, 'completed');
      expect(fakes.calls.map(({ input }) => input)).toEqual([{ of: 'p-1' }, { of: 'p-2' }]);
    },
  },
  {
    title: 'a command for an older state of the saga is a conflict',
    isShort: true,
    async run(scene) {
      scene.bind(requestSaga());
      await scene.deploy();
      const { id } = await scene.start('request');
      const { seq } = await scene.hasStatus(id, 'waiting');
      const saga = scene.backstep.saga(id);
      const old = { expectedVersion: seq - 1 };
      await expect(saga.command({ name: 'cancel' }, old)).rejects.toMatchObject({
        code: 'conflict',
      });
      await saga.command({ name: 'cancel' }, { expectedVersion: seq });
      await scene.settles(id, 'compensated');
    },
  },
  {
    title: 'whatever is asked of a saga that is not there is not found',
    async run(scene) {
      scene.bind(requestSaga());
      await scene.deploy();
      const saga = scene.backstep.saga('nobody');
      expect(await saga.state()).toBeNull();
      const notFound = { code: 'not-found' };
      await expect(saga.send({ type: 'approve' })).rejects.toMatchObject(notFound);
      await expect(saga.command({ name: 'cancel' })).rejects.toMatchObject(notFound);
      await expect(saga.settled({ within: '1s' })).rejects.toMatchObject(notFound);
    },
  },
];

/** Resolves once the machine's clock says so. */
async function passed(dueMs: number): Promise<void> {
  while (Date.now() <= dueMs) {
    await new Promise<void>((resolve) => setTimeout(resolve, dueMs - Date.now() + 1));
  }
}
