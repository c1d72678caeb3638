/** Attempts that fall silent, answer too late, or may be made only once. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { activity, type ActivityContext, type LateResult } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { EngineHarness } from '../engine-harness.ts';

type Video = { readonly file: string };
type VideoActivities = {
  encode: (input: Video) => { readonly frames: number };
  discard: (input: Video) => null;
  publish: (input: Video) => null;
};

const input = ({ context }: { context: Video }): Video => ({ file: context.file });

function videoMachine(meta: object) {
  return setup({
    types: { context: {} as Video, input: {} as Video },
    actors: {
      encode: activity<Video, { frames: number }>(),
      discard: activity<Video, null>(),
      publish: activity<Video, null>(),
    },
    delays: { 'encode.timeout': 3_600_000 },
  }).createMachine({
    id: 'video',
    context: ({ input: { file } }) => ({ file }),
    initial: 'encoding',
    states: {
      encoding: {
        meta: { step: 'encode', heartbeatMs: 10_000 },
        invoke: { id: 'encode', src: 'encode', input, onDone: 'publishing', onError: 'discarding' },
        after: { 'encode.timeout': 'discarding' },
      },
      publishing: {
        meta: { step: 'publish', ...meta },
        invoke: { id: 'publish', src: 'publish', input, onDone: 'done', onError: 'discarding' },
      },
      discarding: {
        tags: ['compensating'],
        meta: { compensates: 'encode' },
        invoke: { id: 'discard', src: 'discard', input, onDone: 'undone' },
      },
      done: { type: 'final' },
      undone: { type: 'final', tags: ['compensated'] },
    },
  });
}

const videoSaga = durable<VideoActivities>(videoMachine({ repeatable: false }));

let engine: EngineHarness<VideoActivities>;

beforeEach(() => {
  engine = new EngineHarness(videoSaga);
});

afterEach(() => engine.dispose());

const working = { encode: () => ({ frames: 7 }), discard: () => null, publish: () => null };
const never = (): Promise<never> => new Promise(() => {});
const start = async (): Promise<string> =>
  (await engine.backstep.spawn('video', { input: { file: 'a.mov' } })).id;
const page = { limit: 50, cursor: null };

/** An activity that hands its context out and answers when told. */
function held<Output>() {
  const called = Promise.withResolvers<ActivityContext>();
  const answer = Promise.withResolvers<Output>();
  const run = (_: Video, context: ActivityContext): Promise<Output> => {
    called.resolve(context);
    return answer.promise;
  };
  return { run, called: called.promise, answer: answer.resolve };
}

describe('an attempt with a heartbeat', () => {
  test('lives as long as it says so, and is timed out by silence', async () => {
    const encode = held<{ frames: number }>();
    const backstep = await engine.open({ ...working, encode: encode.run });
    const id = await start();
    const { heartbeat, signal } = await encode.called;
    for (let beat = 0; beat < 20; beat++) {
      engine.clock.advance(9_000);
      heartbeat();
    }
    expect((await backstep.saga(id).state())?.status).toBe('running');
    engine.clock.advance(9_999);
    expect(engine.lines).toHaveLength(1);
    engine.clock.advance(1);
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect((await backstep.saga(id).state())?.failureReason?.code).toBe('timeout');
    expect(signal.aborted).toBe(true);
    heartbeat(); // of an attempt that is over: nothing
  });

  test('still has to be through within its time-out', async () => {
    const encode = held<{ frames: number }>();
    const backstep = await engine.open({ ...working, encode: encode.run });
    const id = await start();
    const { heartbeat } = await encode.called;
    for (let beat = 0; beat < 400; beat++) {
      engine.clock.advance(9_000);
      heartbeat();
    }
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(engine.lines.filter((line) => line.cause === 'timer')).toHaveLength(1);
  });

  test('needs a time-out for the silence to fire', () => {
    const machine = setup({ actors: { dig: activity<null, null>() } }).createMachine({
      id: 'mole',
      initial: 'digging',
      states: {
        digging: {
          meta: { heartbeatMs: 5 },
          invoke: { id: 'dig', src: 'dig', input: null, onDone: 'done' },
        },
        done: { type: 'final' },
      },
    });
    expect(() => durable(machine)).toThrow('add the delay "dig.timeout" to its after');
  });
});

describe('a result that comes too late', () => {
  test('moves nothing, and the compensation is told of it', async () => {
    const encode = held<{ frames: number }>();
    const told: (LateResult | null)[] = [];
    let discards = 0;
    const tried = Promise.withResolvers<void>();
    const backstep = await engine.open({
      ...working,
      encode: encode.run,
      discard: (_, { late }) => {
        told.push(late);
        discards += 1;
        if (discards > 1) return null;
        tried.resolve();
        return never();
      },
    });
    const id = await start();
    await encode.called;
    engine.clock.advance(10_000);
    await tried.promise;
    encode.answer({ frames: 7 });
    await engine.seen((line) => line.kind === 'note');
    expect((await backstep.saga(id).state())?.status).toBe('compensating');
    // The next attempt of the compensation knows what the first one could not.
    await backstep.saga(id).command({ name: 'pause' });
    await backstep.saga(id).command({ name: 'resume' });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(told).toEqual([null, { atMs: engine.clock.nowMs(), output: { frames: 7 } }]);
    expect((await backstep.saga(id).state())?.steps).toMatchObject([
      { name: 'encode', status: 'compensated', late: { output: { frames: 7 } } },
    ]);
  });

  test('is a note as well when the saga has ended', async () => {
    const encode = held<{ frames: number }>();
    const backstep = await engine.open({ ...working, encode: encode.run });
    const id = await start();
    await encode.called;
    engine.clock.advance(10_000);
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    encode.answer({ frames: 7 });
    await engine.seen((line) => line.kind === 'note');
    const { items } = await backstep.read.transitions(id, page);
    expect(items.at(-1)).toMatchObject({ cause: 'result', status: 'compensated' });
    expect((await backstep.saga(id).state())?.steps).toMatchObject([
      { late: { output: { frames: 7 } } },
    ]);
  });
});

describe('an activity that is not repeatable', () => {
  test('is in doubt after a crash, and is not called a second time', async () => {
    let calls = 0;
    const publish = (): Promise<never> => {
      calls += 1;
      return never();
    };
    await engine.open({ ...working, publish });
    const id = await start();
    await engine.seen((line) => line.to === 'publishing');
    const running = await engine.backstep.saga(id).state();
    expect(running === null ? [] : engine.backstep.legalCommands(running)).not.toContain('pause');
    await engine.stop();

    const backstep = await engine.open({ ...working, publish });
    // Nothing of the drawing undoes it, so that the saga may not end as compensated.
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('parked');
    expect(calls).toBe(1);
    const parked = await backstep.saga(id).state();
    expect(parked?.steps.at(-1)).toMatchObject({
      name: 'publish',
      status: 'in_doubt',
      mayHaveHappened: true,
    });
    expect(parked?.failureReason).toMatchObject({ code: 'interrupted' });
    expect(parked?.parkReason?.message).toContain('step "publish" may have happened');
  });

  test('is in doubt where its version was gone for a while, and is not called a second time', async () => {
    let calls = 0;
    const publish = (): Promise<never> => {
      calls += 1;
      return never();
    };
    await engine.open({ ...working, publish });
    const id = await start();
    await engine.seen((line) => line.to === 'publishing');
    await engine.stop();
    const without = await engine.openBare();
    await without.start();
    expect((await without.saga(id).settled({ within: 1e9 })).status).toBe('parked');
    await without.stop();

    const backstep = await engine.open({ ...working, publish });
    await engine.seen((line) => line.event === 'retry');
    expect((await backstep.saga(id).state())?.steps.at(-1)).toMatchObject({
      name: 'publish',
      status: 'in_doubt',
      error: { code: 'interrupted' },
    });
    expect(calls).toBe(1);
  });
});
