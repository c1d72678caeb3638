/** Starts: keys, bounds, times, and what is refused. */
import { expect } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { serveBackstep } from '../../../src/server.ts';
import type { Case } from '../case.ts';
import { attempt, type Calls, Input, INPUT, parcelSaga, requestSaga } from '../sagas.ts';

/** A saga is removed some time after it may be. */
const POLLING = { timeout: 10_000, interval: 50 };

const noticeSaga = (version: number, input: typeof Input) =>
  defineSaga({ id: 'notice', version, input, activities: {} as Calls<'post'> })
    .step('post', { ...attempt, kind: 'pivot' })
    .build();

export const START_CASES: readonly Case[] = [
  {
    title: 'the same key and input start one saga, finished or not',
    async run(scene) {
      const fakes = scene.bind(parcelSaga);
      await scene.deploy();
      const first = await scene.start('parcel', { key: scene.key });
      expect(first).toMatchObject({ isNew: true, isRemoved: false });
      await scene.settles(first.id, 'completed');
      const again = await scene.start('parcel', { key: scene.key });
      expect(again).toMatchObject({ id: first.id, isNew: false, status: 'completed' });
      expect(fakes.calls).toHaveLength(4);
      expect(await scene.backstep.read.idOfKey('parcel', scene.key)).toBe(first.id);
    },
  },
  {
    title: 'the same key with another input is a conflict',
    isShort: true,
    async run(scene) {
      scene.bind(parcelSaga);
      await scene.deploy();
      const { id } = await scene.start('parcel', { key: scene.key });
      await scene.settles(id, 'completed');
      const other = scene.start('parcel', { key: scene.key, input: { of: 'p-2' } });
      await expect(other).rejects.toMatchObject({ code: 'conflict' });
    },
  },
  {
    title: 'the same start is the same saga after its schema has changed, given or made up',
    isShort: true,
    async run(scene) {
      scene.bind(noticeSaga(1, Input));
      await scene.deploy();
      const { id } = await scene.start('notice', { key: scene.key });
      const filledIn = Input.extend({ size: z.number().default(4) });
      scene.bind(noticeSaga(2, filledIn));
      await scene.deploy();
      expect(await scene.start('notice', { key: scene.key })).toMatchObject({ id, isNew: false });

      const key = `${scene.key} filled in`;
      const first = await scene.start('notice', { key });
      const input = { ...INPUT, size: 4 };
      expect(await scene.start('notice', { key, input })).toMatchObject({ id: first.id });
      const other = scene.start('notice', { key, input: { ...INPUT, size: 5 } });
      await expect(other).rejects.toMatchObject({ code: 'conflict' });
      await scene.settles(first.id, 'completed');
    },
  },
  {
    title: 'fifty equal starts at once make one saga',
    isShort: true,
    async run(scene) {
      const fakes = scene.bind(parcelSaga);
      await scene.deploy();
      const starts = await Promise.all(
        Array.from({ length: 50 }, () => scene.start('parcel', { key: scene.key })),
      );
      expect(new Set(starts.map(({ id }) => id)).size).toBe(1);
      expect(starts.filter(({ isNew }) => isNew)).toHaveLength(1);
      await scene.settles(starts[0]?.id ?? '', 'completed');
      expect(fakes.calls).toHaveLength(4);
      const again = await scene.start('parcel', { key: scene.key });
      expect(again).toMatchObject({ isNew: false, status: 'completed' });
    },
  },
  {
    title: 'a start whose answer is lost is asked for again with its key, and was made once',
    isShort: true,
    async run(scene) {
      const fakes = scene.bind(parcelSaga);
      const backstep = await scene.deploy();
      const server = await serveBackstep({ backstep, port: 0 });
      const lost = new AbortController();
      backstep.subscribe(() => lost.abort());
      const start = (signal: AbortSignal) =>
        fetch(`${server.url}/api/sagas/parcel?wait=20s`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ input: INPUT, key: scene.key }),
          signal,
        });
      try {
        await expect(start(lost.signal)).rejects.toMatchObject({ name: 'AbortError' });
        const again = await start(new AbortController().signal);
        expect(await again.json()).toMatchObject({ status: 'completed' });
      } finally {
        await server.stop();
      }
      expect(await backstep.read.countSagas({})).toBe(1);
      expect(fakes.calls).toHaveLength(4);
    },
  },
  {
    title: 'the same key starts a saga of each type',
    async run(scene) {
      scene.bind(parcelSaga);
      scene.bind(requestSaga());
      await scene.deploy();
      const parcel = await scene.start('parcel', { key: scene.key });
      await scene.settles(parcel.id, 'completed');
      const request = await scene.start('request', { key: scene.key });
      expect(request.id).not.toBe(parcel.id);
      await scene.hasStatus(request.id, 'waiting');
    },
  },
  {
    title: 'a key still names its saga after another deployment',
    async run(scene) {
      scene.bind(parcelSaga);
      await scene.deploy();
      const { id } = await scene.start('parcel', { key: scene.key });
      await scene.settles(id, 'completed');
      await scene.deploy();
      expect(await scene.start('parcel', { key: scene.key })).toMatchObject({ id, isNew: false });
    },
  },
  {
    title: 'a saga that was removed after its time is still known by its start key',
    isShort: true,
    // How soon after its time a saga goes is its host's own matter.
    isRacing: true,
    async run(scene) {
      const fakes = scene.bind(parcelSaga);
      const kept = { keepEndedFor: '200ms' } as const;
      await scene.deploy(kept);
      const { id } = await scene.start('parcel', { key: scene.key });
      await scene.settles(id, 'completed');
      const later = await scene.start('parcel', { delay: '300ms' });
      await scene.settles(later.id, 'completed');
      await scene.deploy(kept);
      const again = () => scene.start('parcel', { key: scene.key });
      await expect.poll(again, POLLING).toMatchObject({ isRemoved: true });
      expect(await again()).toMatchObject({ id, isNew: false, status: 'completed' });
      const other = scene.start('parcel', { key: scene.key, input: { of: 'p-2' } });
      await expect(other).rejects.toMatchObject({ code: 'conflict' });
      const settled = () => scene.backstep.saga(id).settled();
      await expect.poll(settled, POLLING).toEqual({ status: 'removed', endedAs: 'completed' });
      expect(fakes.calls).toHaveLength(8);
    },
  },
  {
    title: 'an input that its schema refuses starts nothing',
    async run(scene) {
      scene.bind(parcelSaga);
      await scene.deploy();
      await expect(scene.start('parcel', { input: { of: '' } })).rejects.toMatchObject({
        code: 'input-invalid',
        issues: [{ path: 'of' }],
      });
      await expect(scene.start('nothing')).rejects.toMatchObject({ code: 'not-found' });
      expect(await scene.backstep.read.countSagas({})).toBe(0);
    },
  },
  {
    title: 'a delayed start is accepted now and begins when its time has come',
    async run(scene) {
      const fakes = scene.bind(parcelSaga);
      await scene.deploy();
      const startAt = Date.now() + 300;
      const { id } = await scene.start('parcel', { startAt });
      await scene.settles(id, 'completed');
      expect(Date.now()).toBeGreaterThanOrEqual(startAt);
      expect(fakes.calls).toHaveLength(4);
    },
  },
  {
    title: 'a delayed start that is cancelled never begins',
    async run(scene) {
      const fakes = scene.bind(parcelSaga);
      await scene.deploy();
      const { id } = await scene.start('parcel', { delay: '1h' });
      await scene.backstep.saga(id).command({ name: 'cancel', by: 'ada' });
      await scene.settles(id, 'compensated');
      expect(fakes.calls).toEqual([]);
    },
  },
  {
    title: 'of a bounded type so many run at once, and the others one after the other',
    isShort: true,
    isRacing: true,
    async run(scene) {
      let running = 0;
      let most = 0;
      const answer = () => ({ receipt: 'r' });
      scene.bindTo(requestSaga({ within: '100ms' }), {
        concurrency: 2,
        activities: {
          file: () => {
            running += 1;
            most = Math.max(most, running);
            return answer();
          },
          // The last thing that such a saga does.
          withdraw: () => {
            running -= 1;
            return answer();
          },
          grant: answer,
          revoke: answer,
        },
      });
      await scene.deploy();
      const starts = await Promise.all(Array.from({ length: 6 }, () => scene.start('request')));
      for (const { id } of starts) await scene.settles(id, 'compensated');
      expect(most).toBe(2);
    },
  },
  {
    title: 'a saga that waits for a place can be cancelled, and leaves the place to others',
    isRacing: true,
    async run(scene) {
      scene.bind(requestSaga(), { bindings: { concurrency: 1 } });
      await scene.deploy();
      const first = await scene.start('request');
      await scene.hasStatus(first.id, 'waiting');
      const second = await scene.start('request');
      const third = await scene.start('request');
      await scene.backstep.saga(second.id).command({ name: 'cancel', by: 'ada' });
      await scene.settles(second.id, 'compensated');
      await scene.backstep.saga(first.id).send({ type: 'approve' }, { eventId: 'e-1' });
      await scene.settles(first.id, 'completed');
      await scene.reaches(third.id, ({ steps }) => steps.length > 0);
    },
  },
];
