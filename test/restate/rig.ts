/** What tests of Restate bring: a server, workers and what stands between, gone when a test ends. */
import { describe, onTestFinished } from 'vitest';
import { Balancer } from '../../src/restate/balancer.ts';
import { isSwitchedOff } from './find-restate.ts';
import { type RestateServer, type ServerOptions, startNodes, startRestate } from './server.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

/** As `describe`, for tests that need Restate: left out only where it is switched off by name. */
export const describeOnRestate = isSwitchedOff(process.env) ? describe.skip : describe;

/** A server of the test's own. */
export async function restateServer(options: ServerOptions = {}): Promise<RestateServer> {
  const server = await startRestate(options);
  onTestFinished(() => server.dispose());
  return server;
}

/** A cluster of the test's own. */
export async function restateNodes(count: number): Promise<readonly RestateServer[]> {
  const nodes = await startNodes(count);
  onTestFinished(async () => {
    await Promise.all(nodes.map((node) => node.dispose()));
  });
  return nodes;
}

/** One address for the workers of the test. */
export async function balancer(): Promise<Balancer> {
  const opened = await Balancer.open();
  onTestFinished(() => opened.close());
  return opened;
}

/** A worker of the test's own; see `startWorker`. */
export async function worker(program: string, ...args: string[]): Promise<WorkerProcess> {
  const started = await startWorker(program, args);
  onTestFinished(() => started.kill());
  return started;
}
