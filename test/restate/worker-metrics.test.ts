/** What a worker tells of its attempts to those who watch from outside. */
import { expect, it } from 'vitest';
import { serveWorker } from '../../src/restate/worker.ts';
import { INPUT, pivotSaga } from '../conformance/sagas.ts';
import { describeOnRestate } from './rig.ts';
import { type Register, Stage, urlOf } from './stage.ts';

const answer = ({ of }: { readonly of: string }) => ({ receipt: of });
const activities = { hold: answer, unhold: answer, decide: answer, deliver: answer };
const register: Register = (worker) => worker.register(pivotSaga, { activities });

describeOnRestate('a worker that is told where', () => {
  it('serves how its attempts went, by the names that the embedded engine has for them', async () => {
    const stage = await Stage.bare(register);
    const worker = await stage.worker(register, { metrics: { port: 0 } });
    await stage.server.register(urlOf(worker));
    const backstep = await stage.face();
    const saga = await backstep.spawn(pivotSaga, { input: INPUT });
    expect(await saga.settled({ within: '20s' })).toMatchObject({ status: 'completed' });
    const url = `http://127.0.0.1:${worker.metricsPort}`;
    const scrape = await fetch(`${url}/metrics`);
    expect(scrape.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await scrape.text();
    const of = (step: string) =>
      `backstep_step_attempt_duration_seconds_count{type="pivot",step="${step}",direction="forward"} 1`;
    for (const step of ['hold', 'decide', 'deliver']) expect(text).toContain(`${of(step)}\n`);
    expect(text).toContain('backstep_attempt_duration_seconds_count 3\n');
    expect(text).toContain('backstep_activities_in_flight 0\n');
    expect((await fetch(url)).status).toBe(404);
  });
});

it('a worker that cannot serve its metrics does not serve sagas either', async () => {
  const first = await serveWorker({ port: 0, register, metrics: { port: 0 } });
  const metrics = { port: first.metricsPort ?? 0 };
  const second = serveWorker({ port: 0, register, metrics });
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await first.stop();
});
