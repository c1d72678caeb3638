/** Waits, events, deadlines and reminders. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Case } from '../case.ts';
import { parcelSaga, patientSaga, requestSaga } from '../sagas.ts';

const APPROVE = { type: 'approve' };

export const WAIT_CASES: readonly Case[] = [
  {
    title: 'a wait goes on with the event that it waits for',
    isShort: true,
    async run(scene) {
      const fakes = scene.bind(requestSaga());
      await scene.deploy();
      const { id } = await scene.start('request');
      await scene.hasStatus(id, 'waiting');
      const after = await scene.backstep.saga(id).send(APPROVE, { eventId: 'e-1', by: 'ada' });
      expect(after.seq).toBeGreaterThan(2);
      await scene.settles(id, 'completed');
      expect(fakes.standing).toEqual(['file', 'grant']);
      expect(await scene.backstep.read.audit(id)).toMatchObject([
        { command: 'send approve', by: 'ada' },
      ]);
    },
  },
  {
    title: 'a wait turns back with the event that refuses',
    async run(scene) {
      const fakes = scene.bind(requestSaga());
      await scene.deploy();
      const { id } = await scene.start('request');
      await scene.hasStatus(id, 'waiting');
      await scene.backstep.saga(id).send({ type: 'reject' }, { eventId: 'e-1' });
      await scene.settles(id, 'compensated');
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'a wait that takes too long turns back',
    async run(scene) {
      const fakes = scene.bind(requestSaga({ within: '150ms' }));
      await scene.deploy();
      await scene.runs('request', 'compensated');
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'an event that comes early is kept until the saga waits for it',
    isRacing: true,
    async run(scene) {
      const filing = Promise.withResolvers<void>();
      const filed = Promise.withResolvers<void>();
      const answer = () => ({ receipt: 'r' });
      scene.bindTo(requestSaga(), {
        activities: {
          file: async () => {
            filing.resolve();
            await filed.promise;
            return answer();
          },
          withdraw: answer,
          grant: answer,
          revoke: answer,
        },
      });
      await scene.deploy();
      const { id } = await scene.start('request');
      await filing.promise;
      await scene.backstep.saga(id).send(APPROVE, { eventId: 'e-1' });
      filed.resolve();
      await scene.settles(id, 'completed');
    },
  },
  {
    title: 'an event with an id that was taken before moves nothing',
    async run(scene) {
      scene.bind(requestSaga());
      await scene.deploy();
      const { id } = await scene.start('request');
      await scene.hasStatus(id, 'waiting');
      await scene.backstep.saga(id).send(APPROVE, { eventId: 'e-1' });
      await scene.settles(id, 'completed');
      const { seq } = await scene.backstep.saga(id).send(APPROVE, { eventId: 'e-1' });
      const state = await scene.backstep.saga(id).state();
      expect(state).toMatchObject({ status: 'completed', seq });
    },
  },
  {
    title: 'an event that nobody waits for is refused, and nothing is written',
    isShort: true,
    async run(scene) {
      scene.bind(requestSaga());
      await scene.deploy();
      const { id } = await scene.start('request');
      const { seq } = await scene.hasStatus(id, 'waiting');
      const saga = scene.backstep.saga(id);
      await expect(saga.send({ type: 'hurry' }, { eventId: 'e-1' })).rejects.toMatchObject({
        code: 'not-legal',
        legal: ['approve', 'reject'],
      });
      expect((await saga.state())?.seq).toBe(seq);
      await saga.send(APPROVE, { eventId: 'e-2' });
      await scene.settles(id, 'completed');
    },
  },
  {
    title: 'a hundred events at once to one saga are taken one after the other',
    isRacing: true,
    async run(scene) {
      scene.bind(requestSaga());
      await scene.deploy();
      const { id } = await scene.start('request');
      await scene.hasStatus(id, 'waiting');
      const sent = Array.from({ length: 100 }, (_, index) =>
        scene.backstep.saga(id).send(APPROVE, { eventId: `e-${index}` }),
      );
      const answers = await Promise.allSettled(sent);
      expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
      await scene.settles(id, 'completed');
    },
  },
  {
    title: 'a wait that nobody ends has reminders emitted until somebody does',
    isRacing: true,
    async run(scene) {
      const reminded = Promise.withResolvers<void>();
      let count = 0;
      const subscribers = {
        'request.waits': () => {
          count += 1;
          if (count === 2) reminded.resolve();
        },
      };
      scene.bind(requestSaga({ remindEvery: '100ms' }), { bindings: { subscribers } });
      await scene.deploy();
      const { id } = await scene.start('request');
      await reminded.promise;
      await scene.backstep.saga(id).send(APPROVE, { eventId: 'e-1' });
      await scene.settles(id, 'completed');
    },
  },
  {
    title: 'a deadline ends a wait, and what was done is undone',
    async run(scene) {
      const fakes = scene.bind(requestSaga({ deadline: '400ms' }));
      await scene.deploy();
      const { failure } = await scene.runs('request', 'compensated');
      expect(failure.code).toMatch(/deadline/);
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'a deadline that passes while the saga is undoing changes nothing',
    async run(scene) {
      // Longer than a busy machine takes to turn the saga back.
      const deadlineMs = 3_000;
      const called: string[] = [];
      const call = (name: string) => () => {
        called.push(name);
        return { receipt: name };
      };
      scene.bindTo(requestSaga({ deadline: deadlineMs }), {
        activities: {
          file: call('file'),
          withdraw: async () => {
            await pause(deadlineMs);
            return call('withdraw')();
          },
          grant: call('grant'),
          revoke: call('revoke'),
        },
      });
      await scene.deploy();
      const { id } = await scene.start('request');
      await scene.hasStatus(id, 'waiting');
      await scene.backstep.saga(id).send({ type: 'reject' }, { eventId: 'e-1' });
      const { failure } = await scene.settles(id, 'compensated');
      expect(failure.code).not.toMatch(/deadline/);
      expect(called).toEqual(['file', 'withdraw']);
    },
  },
  {
    title: 'a step whose attempts together take longer than they may is given up',
    isRacing: true,
    async run(scene) {
      const fakes = scene.bind(patientSaga, { always: { call: 'fail' } });
      await scene.deploy();
      const { failure } = await scene.runs('patient', 'compensated');
      expect(failure.code).toBe('total-time');
      // One that was under way when the time was over may have happened, and is undone.
      const calls = fakes.calls.filter(({ activity }) => activity === 'call');
      expect(calls.length).toBeLessThan(100);
      expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'a deadline ends a step that hangs, which may have happened',
    about: 'ordersMeanwhile',
    async run(scene) {
      const fakes = scene.bind(requestSaga({ deadline: '400ms' }), {
        always: { file: 'applied-then-hang' },
      });
      await scene.deploy();
      await scene.runs('request', 'compensated');
      expect(fakes.calls.map(({ activity }) => activity)).toEqual(['file', 'withdraw']);
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'an event that its schema refuses is told where, and moves nothing',
    async run(scene) {
      const events = {
        approve: {
          '~standard': {
            version: 1 as const,
            vendor: 'test',
            validate: (value: unknown) =>
              typeof value === 'object' && value !== null && 'amount' in value
                ? { value }
                : { issues: [{ message: 'an amount, please', path: ['amount'] }] },
          },
        },
      };
      scene.bind(requestSaga(), { bindings: { events } });
      await scene.deploy();
      const { id } = await scene.start('request');
      await scene.hasStatus(id, 'waiting');
      const saga = scene.backstep.saga(id);
      await expect(saga.send(APPROVE, { eventId: 'e-1' })).rejects.toMatchObject({
        code: 'input-invalid',
        issues: [{ message: 'an amount, please' }],
      });
      await saga.send({ type: 'approve', amount: 1 }, { eventId: 'e-2' });
      await scene.settles(id, 'completed');
    },
  },
  {
    title: 'an emitted event whose subscriber fails is handed over again, with the same key',
    isShort: true,
    isRacing: true,
    async run(scene) {
      const keys: string[] = [];
      const done = Promise.withResolvers<void>();
      const subscribers = {
        'parcel.shipped': (_: object, { key }: { readonly key: string }) => {
          keys.push(key);
          if (keys.length < 3) throw new Error('the mail server is away');
          done.resolve();
        },
      };
      scene.bind(parcelSaga, { bindings: { subscribers } });
      await scene.deploy();
      await scene.runs('parcel', 'completed');
      await done.promise;
      expect(new Set(keys).size).toBe(1);
    },
  },
];
