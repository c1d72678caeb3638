/**
 * The host over Restate: a node that the cases of a file share, and for each case two workers behind
 * one address and a projection.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, onTestFinished } from 'vitest';
import type { Backstep } from '../../src/host/backstep.ts';
import { capabilitiesOf } from '../../src/host/capabilities.ts';
import { Balancer } from '../../src/restate/balancer.ts';
import { openRestateBackstep } from '../../src/restate/face/open-restate.ts';
import { SERVICES } from '../../src/restate/names.ts';
import { serveWorker, type Worker, type WorkerOptions } from '../../src/restate/worker.ts';
import { freePort } from '../ports.ts';
import { describeOnRestate } from '../restate/rig.ts';
import { type KeptCall, type RestateServer, startRestate } from '../restate/server.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import type { Deployment, Host, Place, Register } from './host.ts';

const WORKERS = 2;
const LOOK_EVERY_MS = 20;
/** An attempt that was given up is listened to for so long, which a case has to wait for. */
const LATE_WITHIN = '500ms';
/** Longest that calls may take to come to rest. */
const PATIENCE_MS = 20_000;

/** How its workers run. */
type OfWorkers = Pick<WorkerOptions, 'inlineAttempts'>;

/** The host over a node of its own, which ends with the file. */
export function overRestate(name = 'on Restate', ofWorkers: OfWorkers = {}): Host {
  const isInline = ofWorkers.inlineAttempts !== undefined;
  let server: Promise<RestateServer> | null = null;
  afterAll(async () => (await server)?.dispose());
  return {
    name,
    describe: describeOnRestate,
    async place() {
      server ??= startRestate();
      return new RestatePlace(await server, temporaryDatabase(), await freePort(), ofWorkers);
    },
    capabilities: capabilitiesOf('restate'),
    chosenLess: isInline ? ['lateAnswers', 'ordersMeanwhile'] : [],
  };
}

/** What one deployment runs. */
interface Deployed {
  readonly backstep: Backstep;
  readonly address: Balancer;
  readonly workers: readonly Worker[];
}

class RestatePlace implements Place {
  readonly database: { readonly database: string };
  readonly #server: RestateServer;
  readonly #port: number;
  readonly #ofWorkers: OfWorkers;
  #deployed: Deployed | null = null;

  constructor(server: RestateServer, database: string, port: number, ofWorkers: OfWorkers) {
    this.#server = server;
    this.#ofWorkers = ofWorkers;
    this.database = { database };
    this.#port = port;
    onTestFinished(async ({ task }) => {
      // While its workers are there: without them every call that is left fails.
      const failing = task.result?.state === 'fail' ? await this.#failing() : [];
      try {
        await this.close();
      } finally {
        // Timers of sagas that the case left behind, which the next one does not know.
        await this.#server.killCalls();
      }
      if (failing.length > 0) throw new Error(`calls are tried again: ${JSON.stringify(failing)}`);
    });
  }

  async open(register: Register, deployment: Deployment): Promise<Backstep> {
    const { ingress, admin } = this.#server;
    const workers = await Promise.all(
      Array.from({ length: WORKERS }, () =>
        serveWorker({
          port: 0,
          register,
          lateWithin: LATE_WITHIN,
          ...this.#ofWorkers,
          ...deployment,
        }),
      ),
    );
    const address = await Balancer.open();
    for (const { port } of workers) await address.add(port);
    await this.#server.register(address.url);
    const listen = { port: this.#port };
    const backstep = await openRestateBackstep({
      ingress,
      admin,
      listen,
      ...this.database,
      ...deployment,
    });
    this.#deployed = { backstep, address, workers };
    register(backstep);
    await backstep.start();
    return backstep;
  }

  async close(): Promise<void> {
    const deployed = this.#deployed;
    if (deployed === null) return;
    this.#deployed = null;
    // A turn that began on these workers ends on them or never: its saga would wait for it for ever.
    try {
      await this.#restOf(({ target }) => target.startsWith(`${SERVICES.saga}/`));
    } finally {
      await deployed.backstep.stop({ within: 0 });
      await deployed.address.close();
      await Promise.all(deployed.workers.map((worker) => worker.stop()));
    }
  }

  rest(): Promise<void> {
    return this.#restOf(() => true);
  }

  /** Calls that Restate tries again, each with the reason. */
  async #failing(): Promise<readonly KeptCall[]> {
    return (await this.#server.calls()).filter((call) => (call.last_failure ?? null) !== null);
  }

  async #restOf(isMeant: (call: KeptCall) => boolean): Promise<void> {
    const untilMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const moving = (await this.#server.calls()).filter((call) => isMoving(call) && isMeant(call));
      if (moving.length === 0) return;
      if (Date.now() > untilMs) throw new Error(`calls are left: ${JSON.stringify(moving)}`);
      await pause(LOOK_EVERY_MS);
    }
  }
}

function isMoving({ status }: KeptCall): boolean {
  return status !== 'scheduled';
}
