/** Attempts under way on old workers, on a real server, while new ones have another name for their step. */
import { EventEmitter, once } from 'node:events';
import { expect, it } from 'vitest';
import type { ActivityContext } from '../../../src/core/activity.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { attempt, type Calls, Input, INPUT } from '../../conformance/sagas.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { describeOnRestate } from '../rig.ts';
import { findingsIn, type Register, Stage, urlOf } from '../stage.ts';

const SOON = { within: '20s' } as const;
const answer = ({ of }: { readonly of: string }) => ({ receipt: of });

function paperSaga(version: 1 | 2, repeatable: boolean) {
  const options = {
    ...attempt,
    repeatable,
    compensate: { ...attempt, activity: 'undo' },
  } as const;
  const draft = defineSaga({
    id: 'paper',
    version,
    input: Input,
    activities: {} as Calls<'file' | 'lodge' | 'undo'>,
  });
  return version === 1 ? draft.step('file', options).build() : draft.step('lodge', options).build();
}

/** An attempt of the old name that goes on until it is let go, and new workers that are told of. */
async function swapped(repeatable: boolean) {
  const [one, two] = [paperSaga(1, repeatable), paperSaga(2, repeatable)];
  const calls: [string, ActivityContext][] = [];
  const events = new EventEmitter();
  const open = Promise.withResolvers<void>();
  const file = async (input: { readonly of: string }, context: ActivityContext) => {
    calls.push(['file', context]);
    events.emit('call');
    await open.promise;
    return answer(input);
  };
  const lodge = (input: { readonly of: string }, context: ActivityContext) => {
    calls.push(['lodge', context]);
    return answer(input);
  };
  const activities = { file, lodge, undo: answer };
  const migrate = { 1: () => ({ steps: { file: 'lodge' } }) };
  const bindOne: Register = ({ register: add }) => add(one, { activities });
  const bindTwo: Register = ({ register: add }) => add(two, { activities, migrate });
  const stage = await Stage.bare((at) => {
    bindOne(at);
    bindTwo(at);
  });
  await stage.server.register(urlOf(await stage.worker(bindOne)));
  const database = temporaryDatabase();
  const begun = once(events, 'call');
  const { id } = await (await stage.face(database)).spawn('paper', { input: INPUT });
  await begun;
  await stage.server.register(urlOf(await stage.worker(bindTwo)));
  const findings = async () => {
    await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
    await stage.closeFace();
    return findingsIn(database, [one, two] as never);
  };
  return { stage, database, id, calls, release: () => open.resolve(), findings };
}

describeOnRestate('an attempt on old workers whose step has another name on new ones', () => {
  it('is stopped, and made there with its key', async () => {
    const { stage, database, id, calls, findings } = await swapped(true);
    await stage.closeFace();
    // Which asks each saga of an earlier version to go on under the new one.
    const face = await stage.face(database);
    expect(await face.saga(id).settled(SOON)).toMatchObject({ status: 'completed' });
    expect(calls.map(([name, { key }]) => [name, key])).toEqual([
      ['file', `${id}/file/forward/1`],
      ['lodge', `${id}/file/forward/1`],
    ]);
    await expect.poll(() => calls[0]?.[1].signal.aborted, { timeout: 20_000 }).toBe(true);
    expect(await findings()).toEqual([]);
  });

  it('is answered where its answer comes first, also where it is not repeatable', async () => {
    const { stage, database, id, calls, release, findings } = await swapped(false);
    await stage.closeFace();
    release();
    await expect.poll(() => stage.callsOf('backstep-attempt'), { timeout: 20_000 }).toEqual([]);
    const face = await stage.face(database);
    expect(await face.saga(id).settled(SOON)).toMatchObject({ status: 'completed' });
    expect(calls.map(([name]) => name)).toEqual(['file']);
    expect(await findings()).toEqual([]);
  });
});
