/** Definitions that change while sagas of them are under way. */
import { expect } from 'vitest';
import type { Case } from '../case.ts';
import { formSaga } from '../sagas.ts';

const APPROVE = { type: 'approve' };

export const VERSION_CASES: readonly Case[] = [
  {
    title: 'versions run side by side: what began on one stays on it',
    async run(scene) {
      scene.bind(formSaga(1));
      await scene.deploy();
      const old = await scene.start('form');
      await scene.hasStatus(old.id, 'waiting');
      const fakes = scene.bind(formSaga(2));
      await scene.deploy();
      const young = await scene.start('form');
      await scene.hasStatus(young.id, 'waiting');
      for (const { id } of [old, young]) {
        await scene.backstep.saga(id).send(APPROVE, { eventId: 'e-1' });
        await scene.settles(id, 'completed');
      }
      expect(fakes.calls.map(({ activity }) => activity)).toEqual(['file', 'stamp']);
    },
  },
  {
    title: 'a migration takes a saga along to the next version',
    isShort: true,
    async run(scene) {
      scene.bind(formSaga(1));
      await scene.deploy();
      const { id } = await scene.start('form');
      await scene.hasStatus(id, 'waiting');
      scene.unbind();
      const fakes = scene.bind(formSaga(2), { bindings: { migrate: { 1: () => ({}) } } });
      await scene.deploy();
      await scene.backstep.saga(id).send(APPROVE, { eventId: 'e-1' });
      await scene.settles(id, 'completed');
      expect(fakes.calls.map(({ activity }) => activity)).toEqual(['stamp']);
    },
  },
  {
    title: 'a saga whose version is gone is parked, and goes on when it is back',
    isRacing: true,
    async run(scene) {
      scene.bind(formSaga(1));
      await scene.deploy();
      const { id } = await scene.start('form');
      await scene.hasStatus(id, 'waiting');
      scene.unbind();
      scene.bind(formSaga(2));
      await scene.deploy();
      const parked = await scene.settles(id, 'parked');
      expect(parked.failure.code).toBe('version-missing');
      scene.bind(formSaga(1));
      await scene.deploy();
      await scene.hasStatus(id, 'waiting');
      await scene.backstep.saga(id).send(APPROVE, { eventId: 'e-1' });
      await scene.settles(id, 'completed');
    },
  },
];
