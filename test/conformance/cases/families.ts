/** Sagas that run sagas. */
import { expect } from 'vitest';
import type { Case } from '../case.ts';
import type { Scene } from '../scene.ts';
import { houseSaga, INPUT, roomSaga, streetSaga } from '../sagas.ts';
import { builderSaga, ownerSaga } from '../talking-sagas.ts';

const CHOSEN = { type: 'chosen', colour: 'blue' };

/** Starts a house and gives it with the room that it builds, once that waits for its colour. */
async function houseWithRoom(scene: Scene) {
  const house = await scene.start('house');
  const { live } = await scene.reaches(house.id, (state) => roomOf(state.live) !== null);
  const room = roomOf(live) ?? '';
  await waitsForColour(scene, room);
  return { house: house.id, room };
}

function roomOf({ activities }: { readonly activities: Readonly<Record<string, object>> }) {
  const child = Object.values(activities).find((each) => 'childId' in each) as
    { readonly childId?: string | null } | undefined;
  return child?.childId ?? null;
}

/** A child is there only some time after its parent said so. */
async function waitsForColour(scene: Scene, id: string): Promise<void> {
  const seen = Promise.withResolvers<void>();
  const stop = scene.backstep.subscribe((entry) => {
    if (entry.sagaId === id && entry.status === 'waiting') seen.resolve();
  });
  const state = await scene.backstep.saga(id).state();
  if (state?.status === 'waiting') seen.resolve();
  await seen.promise;
  stop();
}

function heardBy(snapshot: { readonly context?: unknown } | undefined): readonly string[] {
  return (snapshot?.context as { readonly heard: readonly string[] } | undefined)?.heard ?? [];
}

export const FAMILY_CASES: readonly Case[] = [
  {
    title: 'a child that completes gives its output to its parent',
    isShort: true,
    async run(scene) {
      const fakes = scene.bind(houseSaga);
      const ofRoom = scene.bind(roomSaga);
      await scene.deploy();
      const { house, room } = await houseWithRoom(scene);
      await scene.backstep.saga(room).send(CHOSEN, { eventId: 'e-1' });
      await scene.settles(house, 'completed');
      expect(fakes.standing).toEqual(['buyLand', 'roof']);
      expect(ofRoom.calls.map(({ input }) => input)).toEqual([
        { of: `${INPUT.of}-room` },
        { of: `${INPUT.of}-room` },
      ]);
    },
  },
  {
    title: 'a child that is compensated fails its step, and the parent undoes what it did',
    async run(scene) {
      const fakes = scene.bind(houseSaga);
      scene.bind(roomSaga, { always: { build: 'permanent' } });
      await scene.deploy();
      await scene.runs('house', 'compensated');
      expect(fakes.calls.map(({ activity }) => activity)).toEqual(['buyLand', 'sellLand']);
    },
  },
  {
    title: 'a child that had completed is undone by the activity that its parent names',
    async run(scene) {
      const fakes = scene.bind(houseSaga, { always: { roof: 'permanent' } });
      const ofRoom = scene.bind(roomSaga);
      await scene.deploy();
      const { house, room } = await houseWithRoom(scene);
      await scene.backstep.saga(room).send(CHOSEN, { eventId: 'e-1' });
      await scene.settles(house, 'compensated');
      expect(fakes.calls.map(({ activity }) => activity)).toEqual(
        'buyLand roof demolish sellLand'.split(' '),
      );
      expect(ofRoom.standing).toEqual(['build', 'paint']);
    },
  },
  {
    title: 'a parent that is cancelled has its child undo what it did before it goes on',
    isShort: true,
    async run(scene) {
      const fakes = scene.bind(houseSaga);
      const ofRoom = scene.bind(roomSaga);
      await scene.deploy();
      const { house, room } = await houseWithRoom(scene);
      await scene.backstep.saga(house).command({ name: 'cancel', by: 'ada' });
      await scene.settles(house, 'compensated');
      await scene.settles(room, 'compensated');
      expect([...fakes.standing, ...ofRoom.standing]).toEqual([]);
      expect(fakes.calls.map(({ activity }) => activity)).toEqual(['buyLand', 'sellLand']);
    },
  },
  {
    title: 'a child that a person cancels fails the step of its parent',
    async run(scene) {
      const fakes = scene.bind(houseSaga);
      scene.bind(roomSaga);
      await scene.deploy();
      const { house, room } = await houseWithRoom(scene);
      await scene.backstep.saga(room).command({ name: 'cancel', by: 'ada' });
      await scene.settles(house, 'compensated');
      expect(fakes.standing).toEqual([]);
    },
  },
  {
    title: 'a child whose compensation fails holds its parent until a person has it tried again',
    isRacing: true,
    async run(scene) {
      const fakes = scene.bind(houseSaga);
      const ofRoom = scene.bind(roomSaga, { script: { tearDown: ['permanent'] } });
      await scene.deploy();
      const { house, room } = await houseWithRoom(scene);
      await scene.backstep.saga(house).command({ name: 'cancel', by: 'ada' });
      await scene.settles(room, 'compensation_failed');
      await scene.backstep.saga(room).command({ name: 'retry', by: 'ada' });
      await scene.hasStatus(room, 'compensated');
      await scene.hasStatus(house, 'compensated');
      expect([...fakes.standing, ...ofRoom.standing]).toEqual([]);
    },
  },
  {
    title: 'a child that is paused when its parent leaves it undoes what it did when it goes on',
    isRacing: true,
    async run(scene) {
      scene.bind(houseSaga);
      const ofRoom = scene.bind(roomSaga);
      await scene.deploy();
      const { house, room } = await houseWithRoom(scene);
      await scene.backstep.saga(room).command({ name: 'pause', by: 'ada' });
      await scene.backstep.saga(house).command({ name: 'cancel', by: 'ada' });
      await scene.hasStatus(house, 'compensating');
      await scene.backstep.saga(room).command({ name: 'resume', by: 'ada' });
      await scene.settles(house, 'compensated');
      await scene.settles(room, 'compensated');
      expect(ofRoom.standing).toEqual([]);
    },
  },
  {
    title: 'the child of a child is undone as well',
    async run(scene) {
      const ofStreet = scene.bind(streetSaga);
      const ofHouse = scene.bind(houseSaga);
      const ofRoom = scene.bind(roomSaga);
      await scene.deploy();
      const street = await scene.start('street');
      const house = roomOf((await scene.reaches(street.id, (s) => roomOf(s.live) !== null)).live);
      const atHouse = scene.backstep.read;
      expect(house).not.toBeNull();
      const room = `${house}.room.1`;
      await waitsForColour(scene, room);
      expect((await atHouse.summaries([street.id, house ?? '', room])).length).toBe(3);
      await scene.backstep.saga(street.id).command({ name: 'cancel', by: 'ada' });
      await scene.settles(street.id, 'compensated');
      expect([...ofStreet.standing, ...ofHouse.standing, ...ofRoom.standing]).toEqual([]);
    },
  },
  {
    title: 'a child and its parent hear each other, its last words before its end',
    async run(scene) {
      scene.bind(ownerSaga);
      scene.bind(builderSaga);
      await scene.deploy();
      const { id } = await scene.start('owner');
      const owner = scene.backstep.saga(id);
      await scene.reaches(id, ({ snapshot }) => heardBy(snapshot).length > 0);
      await owner.send({ type: 'hurry' }, { eventId: 'e-1' });
      await scene.settles(id, 'completed');
      expect(heardBy((await owner.state())?.snapshot)).toEqual([
        'builder.checks',
        'builder.leaves',
      ]);
    },
  },
];
