/** A saga whose long results stand in its journal alone goes on as if they stood in its state. */
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { EngineHarness } from '../engine-harness.ts';
import { resultOf } from '../upkeep/result-of.ts';

interface Report {
  readonly body: string;
}
interface Bulky {
  gather: (input: unknown) => Report;
  print: (report: Report) => { readonly pages: number };
  discard: (report: Report) => null;
}

const NOTHING: Report = { body: '' };

const saga = defineSaga({ id: 'bulky', input: z.any(), activities: {} as Bulky })
  .step('gather', {
    input: () => null,
    compensate: { activity: 'discard', input: ({ results }) => results.gather ?? NOTHING },
  })
  .step('print', {
    input: ({ results }) => results.gather,
    compensate: { activity: 'discard', input: ({ results }) => results.gather ?? NOTHING },
  })
  .output(({ results }) => results.print.pages + results.gather.body.length)
  .build();

const REPORT: Report = { body: 'x'.repeat(5_000) };
const gather = (): Report => REPORT;
const discard = (): null => null;
const never = (): Promise<never> => new Promise(() => {});

let engine: EngineHarness<Bulky>;
beforeEach(() => {
  engine = new EngineHarness(saga, { onDisk: true });
});
afterEach(() => engine.dispose());

/** A saga that stands at its second step, left by a process that is gone; its id. */
async function atSecondStep(): Promise<string> {
  await engine.open({ gather, discard, print: never });
  const { id } = await engine.backstep.spawn('bulky', { input: {} });
  await engine.seen(({ to }) => to === 'forward.print.running');
  await engine.stop();
  return id;
}

function inDatabase<Result>(use: (db: Database.Database) => Result): Result {
  const db = new Database(engine.database);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

const storedState = (): string =>
  inDatabase((db) => String(db.prepare('SELECT state FROM sagas').pluck().get()));

const findings = async (definition: SagaDefinition = saga): Promise<readonly object[]> =>
  (await resultOf(examineDatabase({ database: engine.database }, [definition]))).findings;

test('after a restart its mappers see them, and the doctor finds it sound', async () => {
  const id = await atSecondStep();
  expect(storedState()).toContain('"results":{"gather":null}');
  expect(await findings()).toEqual([]);
  const printed: Report[] = [];
  const print = (report: Report) => ({ pages: printed.push(report) });
  await engine.open({ gather, discard, print });
  const outcome = await engine.backstep.saga(id).settled({ within: 10_000 });
  expect(outcome).toMatchObject({ status: 'completed', output: 5_001 });
  expect(printed).toEqual([REPORT]);
  await engine.stop();
  expect(await findings()).toEqual([]);
});

test('the doctor judges under which versions it goes on', async () => {
  const id = await atSecondStep();
  const later = { ...saga, version: 2 };
  expect(await findings(later)).toMatchObject([{ kind: 'version', sagaId: id }]);
});

test('after a restart it is undone with them', async () => {
  const id = await atSecondStep();
  const undone: Report[] = [];
  await engine.open({
    gather,
    print: never,
    discard: (report) => {
      undone.push(report);
      return null;
    },
  });
  await engine.backstep.saga(id).command({ name: 'cancel', by: 'ada' });
  expect((await engine.backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
  expect(undone).toContainEqual(REPORT);
});

test('with a damaged line it is parked, loses nothing, and goes on once the line is mended', async () => {
  const id = await atSecondStep();
  const before = storedState();
  const where = "WHERE cause = 'result'";
  const data = inDatabase((db) => {
    const text = db.prepare(`SELECT data FROM journal ${where}`).pluck().get();
    db.prepare(`UPDATE journal SET data = 'x' ${where}`).run();
    return text;
  });
  const print = () => ({ pages: 1 });
  await engine.open({ gather, discard, print });
  const outcome = await engine.backstep.saga(id).settled({ within: 10_000 });
  expect(outcome).toMatchObject({ status: 'parked', failure: { code: 'state-unreadable' } });
  await engine.stop();
  expect(storedState()).toBe(before);
  inDatabase((db) => db.prepare(`UPDATE journal SET data = ? ${where}`).run(data));
  await engine.open({ gather, discard, print });
  await engine.backstep.saga(id).command({ name: 'retry', by: 'ada' });
  expect((await engine.backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
});

test('a state of the first form, with the results in it, goes on and the doctor finds it sound', async () => {
  const id = await atSecondStep();
  inDatabase((db) => db.exec(AS_FIRST_FORM));
  const [text, checksum] = inDatabase((db) => {
    const state = String(db.prepare('SELECT state FROM sagas').pluck().get());
    return [state, crc32(state)];
  });
  expect(text).toContain(REPORT.body);
  inDatabase((db) => db.prepare('UPDATE sagas SET checksum = ?').run(checksum));
  expect(await findings()).toEqual([]);
  await engine.open({ gather, discard, print: () => ({ pages: 1 }) });
  expect((await engine.backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
  await engine.stop();
  expect(await findings()).toEqual([]);
});

const AS_FIRST_FORM = `UPDATE sagas SET format = 1, state = json_remove(
  json_set(state, '$.machine.context.results.gather', json((
    SELECT data -> '$.inbound.outcome.output' FROM journal WHERE cause = 'result'
  ))), '$.inJournal')`;
