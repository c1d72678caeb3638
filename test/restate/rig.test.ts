/** The Restate that the tests bring: a real server, workers behind one address, kills of each. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findRestate } from './find-restate.ts';
import { balancer, describeOnRestate, restateServer, worker } from './rig.ts';

interface Greeting {
  readonly text: string;
  readonly count: number;
  readonly pid: number;
}

async function greet(ingress: string, key: string): Promise<Greeting> {
  const answer = await fetch(`${ingress}/restate/call/greeter/${key}/greet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify('Ada'),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Greeting;
}

describeOnRestate('the Restate of the tests', () => {
  it('shares calls among workers behind one address, and outlives a kill of each part', async () => {
    const [server, address] = await Promise.all([restateServer(), balancer()]);
    const workers = await Promise.all([worker('greeter-worker.ts'), worker('greeter-worker.ts')]);
    for (const { port } of workers) await address.add(port);
    await server.register(address.url);

    const pids = new Set<number>();
    for (let count = 1; count <= 6; count++) {
      const said = await greet(server.ingress, 'ada');
      expect(said).toMatchObject({ text: 'Hello Ada', count });
      pids.add(said.pid);
    }
    expect(pids).toEqual(new Set(workers.map(({ pid }) => pid)));

    await workers[0].kill();
    expect(await greet(server.ingress, 'ada')).toMatchObject({ count: 7, pid: workers[1].pid });

    await server.kill();
    await server.start();
    expect(await greet(server.ingress, 'ada')).toMatchObject({ count: 8 });
    expect(await server.calls()).toEqual([]);
  });

  it('calls whom it was told of last, though it knew the address from before', async () => {
    const server = await restateServer();
    const [first, second] = await Promise.all([
      worker('greeter-worker.ts'),
      worker('greeter-worker.ts'),
    ]);
    for (const { port, pid } of [first, second, first]) {
      await server.register(`http://127.0.0.1:${port}`);
      expect(await greet(server.ingress, 'ada')).toMatchObject({ pid });
    }
  });

  it('speaks both ways at once through the balancer', async () => {
    const [server, address] = await Promise.all([restateServer(), balancer()]);
    const { port } = await worker('greeter-worker.ts');
    await address.add(port);
    const id = await server.register(address.url);
    const answer = await fetch(`${server.admin}/deployments/${id}`);
    expect(await answer.json()).toMatchObject({ protocol_type: 'BidiStream' });
  });
});

it('is found where BACKSTEP_TEST_RESTATE says, and only there', () => {
  const here = process.execPath;
  expect(findRestate({ BACKSTEP_TEST_RESTATE: here })).toBe(here);
  expect(() => findRestate({ BACKSTEP_TEST_RESTATE: '/nowhere' })).toThrow(/is \/nowhere, where/);
  const fetched = findRestate({});
  expect(fetched === null || existsSync(fetched)).toBe(true);
});
