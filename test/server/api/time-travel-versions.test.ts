/** Time travel of a saga that was taken from one version of its definition to the next. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { replay, recordOfLine } from '../../../src/core/history/replay.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { createApp } from '../../../src/server/app.ts';
import type { Backstep, Bindings } from '../../../src/host/backstep.ts';
import { type Diagnosis, examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { resultOf } from '../../runtime/upkeep/result-of.ts';

type Calls = Record<'book' | 'cancel' | 'mail', (input: null) => null>;
const input = (): null => null;

// The wait has another name in version 2, and there is one step more.
const begun = (version: number) =>
  defineSaga({ id: 'stay', version, input: z.null(), activities: {} as Calls }).step('book', {
    input,
    compensate: { activity: 'cancel', input },
  });
const on = { approve: 'continue' } as const;
const v1 = begun(1).wait('approval', { on, within: '1d' }).build();
const v2 = begun(2)
  .wait('review', { on, within: '1d' })
  .step('mail', { kind: 'retriable', input })
  .build();

const toReview: Pick<Bindings, 'migrate'> = {
  migrate: {
    1: ({ state }) => ({
      state: JSON.parse(JSON.stringify(state).replace('approval', 'review')) as typeof state,
    }),
  },
};
const activities = { book: input, cancel: input, mail: input };

let folder: string;
let backstep: Backstep;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backstep-travel-'));
});
afterEach(async () => {
  await backstep.stop({ within: 0 });
  rmSync(folder, { recursive: true, force: true });
});

const database = (): string => join(folder, 'engine.db');

async function open(register: (to: Backstep) => void): Promise<void> {
  backstep = await openBackstep({ database: database() });
  register(backstep);
  await backstep.start();
}

async function until(id: string, isThere: (seq: number) => boolean): Promise<void> {
  while (!isThere((await backstep.read.saga(id))?.seq ?? 0)) await new Promise(setImmediate);
}

/** A saga that began and waits under version 1, was migrated, and completed under version 2. */
async function migratedStay(): Promise<string> {
  await open((to) => to.register(v1, { activities }));
  const { id } = await backstep.spawn('stay', { input: null });
  await until(id, (seq) => seq === 2);
  backstep.register(v2, { activities, ...toReview });
  await until(id, (seq) => seq === 3);
  await backstep.saga(id).send({ type: 'approve' });
  expect((await backstep.saga(id).settled({ within: 5_000 })).status).toBe('completed');
  return id;
}

async function pageOf(id: string, query: string): Promise<string> {
  const { hono: app } = createApp({
    backstep,
    security: { allowedHosts: ['localhost'], token: null },
    logger: { error: () => {} },
  });
  const page = await app.request(`/sagas/${id}${query}`, { headers: { accept: 'text/html' } });
  expect(page.status).toBe(200);
  return (await page.text()).replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
}

it('goes across a migration, each turn under the version that took it', async () => {
  const id = await migratedStay();
  const begin = await pageOf(id, '?seq=1');
  expect(begin).toContain('stay v1 , started');
  expect(begin).toContain('This is how it began.');
  const waiting = await pageOf(id, '?seq=2');
  expect(waiting).toContain('What turn 2 changed');
  expect(waiting).toMatch(/Steps and compensations book .* cancel not run approval ◷ waiting/);
  expect(await pageOf(id, '?seq=2&view=chart')).toContain('forward.approval');
  const migrated = await pageOf(id, '?seq=3');
  expect(migrated).toContain('stay v2 , started');
  expect(migrated).toContain('from version 1 to 2');
  // The timeline has the attempt of version 1 too.
  const now = await pageOf(id, '');
  expect(now).toMatch(/book attempt 1 .* done .* mail attempt 1 /);
  expect(now).not.toContain('cannot be replayed');
});

it('replays every record for the doctor, with the messages and the audit of all of them', async () => {
  const id = await migratedStay();
  const { items } = await backstep.read.transitions(id, { limit: 50, cursor: null });
  const older = (version: number) => (version === 1 ? v1 : undefined);
  const { turns, flaw } = replay(v2, id, items.map(recordOfLine), older);
  expect(flaw).toBeNull();
  expect(turns.map(({ definition }) => definition.version)).toEqual([1, 1, 2, 2, 2]);
  await backstep.stop({ within: 0 });
  expect((await diagnose()).findings).toEqual([]);
});

function diagnose(): Promise<Diagnosis> {
  return resultOf(examineDatabase({ database: database() }, [v1, v2]));
}

it('says which turns cannot be shown, and what to register, where the version is gone', async () => {
  const id = await migratedStay();
  await backstep.stop({ within: 0 });
  await open((to) => to.register(v2, { activities, ...toReview }));
  const gone =
    'it ran under version 1, which is not registered here; register that beside the newer';
  expect(await pageOf(id, '?seq=2')).toContain(
    `Turn 2 cannot be shown: turn 1 does not replay (${gone} one).`,
  );
  expect(await pageOf(id, '?seq=3')).toContain('review');
  const now = await pageOf(id, '');
  expect(now).toContain(`The states from turn 1 to 2 cannot be replayed: ${gone} one.`);
  expect(now).toContain('completed');
});
