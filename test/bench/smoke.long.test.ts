/** The benchmarks still run and measure something; how fast is not asked here. */
import { expect, test } from 'vitest';
import { openLoaded } from './engine-load.ts';
import { attachFeedClients } from './feed-clients.ts';
import { growthTable, measureGrowth } from './growth/growth.ts';
import { ROWS } from './growth/rows.ts';
import { storageLimit, turnLimit } from './limits.ts';
import { verdictOn, watchOtherWork } from './machine-load.ts';
import { naiveRate } from './naive.ts';
import { openLoadedOnPostgres } from './postgres-load.ts';
import { growthOnPostgres } from './postgres-scale.ts';
import { growth, sleepers } from './scale.ts';
import { describeOnPostgres } from '../postgres/databases.ts';
import {
  happyActivities,
  mixedActivities,
  transactionalActivities,
  unevenActivities,
} from './workload.ts';

test.each([
  ['10% compensate', mixedActivities],
  ['0 to 20 ms', unevenActivities],
  ['transactional', transactionalActivities],
])('the engine runs a load: %s', async (_, activities) => {
  const engine = await openLoaded(activities, { warm: 5 });
  const clients = await attachFeedClients(engine.backstep, 2);
  const { sagasPerSecond, averageBatch } = await engine.run(20, 4);
  expect(sagasPerSecond).toBeGreaterThan(0);
  expect(averageBatch).toBeGreaterThanOrEqual(1);
  const counts = await engine.backstep.read.statusCounts();
  expect((counts.completed ?? 0) + (counts.compensated ?? 0)).toBe(25);
  expect(await clients.close()).toBeGreaterThan(0);
  expect(await engine.close()).toBeGreaterThan(0);
});

test('the limits and the naive way give a rate', async () => {
  expect(await storageLimit(20, 8, 10)).toBeGreaterThan(0);
  expect(turnLimit(20, 10)).toBeGreaterThan(0);
  expect(await naiveRate(6, 3, 3)).toBeGreaterThan(0);
});

test('figures are called untrusted where other work had more than 12 % of the machine', () => {
  expect(watchOtherWork()()).not.toBeLessThan(0); // NaN where the system does not tell
  expect(verdictOn(11.6)).toBe('other work had 12 % of the processors');
  expect(verdictOn(13)).toMatch(/^NOT TO BE TRUSTED: other work had 13 %/);
});

test('a database is filled with sagas that sleep, and with ended ones', async () => {
  expect((await sleepers(20)).readyMs).toBeGreaterThan(0);
  const loads = await growth(20, 10, 2, 3);
  expect(loads).toHaveLength(3);
  for (const { sagasPerSecond } of loads) expect(sagasPerSecond).toBeGreaterThan(0);
});

test('what is to stay flat is measured at every size', async () => {
  // The others take thousands of sagas before they measure anything.
  const rows = ROWS.filter(({ name }) => /side by side|have n bytes|looked at/.test(name)).map(
    (row) => ({
      ...row,
      sizes: row.sizes.slice(0, 1),
    }),
  );
  const told: string[] = [];
  const grown = await measureGrowth(1, (_step, _of, what) => told.push(what), rows);
  expect(told).toEqual(rows.map(({ name }) => name));
  for (const { costs, ratio } of grown) {
    expect(costs[0]?.cost).toBeGreaterThan(0);
    expect(ratio.median).toBe(1);
  }
  expect(growthTable(grown).match(/: met$/gm)).toHaveLength(rows.length);
});

describeOnPostgres('over a PostgreSQL of its own', () => {
  test('the engine runs the same load, and the server tells what it used', async () => {
    const engine = await openLoadedOnPostgres(happyActivities, { warm: 5 });
    const before = await engine.serverFigures();
    expect((await engine.run(20, 4)).sagasPerSecond).toBeGreaterThan(0);
    expect((await engine.serverFigures()).walBytes).toBeGreaterThan(before.walBytes);
    await engine.close();
  });

  test('a large database and an empty one are loaded by turns, and read', async () => {
    const { large, empty, largeReads, emptyReads } = await growthOnPostgres(20, 10, 2, 2);
    expect([...large, ...empty].every((rate) => rate > 0)).toBe(true);
    expect([...largeReads.keys()]).toEqual([...emptyReads.keys()]);
  });
});
