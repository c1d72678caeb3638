/**
 * The launcher of the demo's workers on Restate: keeps as many as are set as a process each, behind
 * one address, and tells Restate of it. It holds nothing that a crash could lose.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Balancer } from '../../restate/balancer.ts';
import { EXIT_REFUSED } from '../exit-codes.ts';
import { KeptProgram, say } from '../kept-program.ts';
import { keepPrograms } from '../kept-programs.ts';
import { checkSettings, settingOf } from '../settings.ts';
import { registeredAt } from './restate-admin.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const BUDGET = { maxRestarts: 5, restartWindowMs: 60_000, restartDelayMs: 100 };
const STOP_LIMIT_MS = 30_000;
const PARENT_POLL_MS = 1_000;

/** Runs the workers until a stop signal or a spent restart budget; resolves with the exit code. */
export async function launchWorkers(): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { env } = process;
  let balancer: Balancer;
  try {
    checkSettings(env);
    balancer = await Balancer.open(settingOf(env, 'BACKSTEP_WORKERS_PORT'));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return EXIT_REFUSED;
  }
  const count = settingOf(env, 'BACKSTEP_WORKERS');
  try {
    return await keepPrograms(PARENT_POLL_MS, async (keep, ending) => {
      const ready = Array.from({ length: count }, (_, index) => {
        const first = Promise.withResolvers<void>();
        keep(worker(`worker ${index + 1}`, balancer, first.resolve));
        return first.promise;
      });
      const isEnding = await Promise.race([ending.then(() => true), Promise.all(ready)]);
      if (isEnding === true) return;
      if (!(await registeredAt(env, balancer.url, ending))) return;
      process.stdout.write(`Backstep works: ${count} workers at ${balancer.url}\n`);
    });
  } finally {
    await balancer.close();
  }
}

function worker(name: string, balancer: Balancer, onReady: () => void): KeptProgram {
  return new KeptProgram({
    name,
    budget: BUDGET,
    stopLimitMs: STOP_LIMIT_MS,
    mayFinish: false,
    start: () => {
      const child = fork(WORKER, {
        detached: true,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      child.once('message', (told) => {
        void serve(child, told, balancer, name).then(onReady);
      });
      return child;
    },
  });
}

async function serve(
  { pid = 0 }: ChildProcess,
  told: unknown,
  balancer: Balancer,
  name: string,
): Promise<void> {
  const port = Number(Reflect.get(Object(told), 'port'));
  try {
    await balancer.add(port);
    process.stdout.write(`${name} is process ${pid}\n`);
  } catch {
    // It has ended already, and is started again.
  }
}
