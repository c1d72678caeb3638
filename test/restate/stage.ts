/** Sagas on a Restate of the test's own: one worker in this process, and a face over a database. */
import { onTestFinished } from 'vitest';
import type { Backstep } from '../../src/host/backstep.ts';
import { examineDatabase } from '../../src/host/upkeep/doctor.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { openRestateBackstep, type RestateOptions } from '../../src/restate/face/open-restate.ts';
import { serveWorker, type Worker, type WorkerOptions } from '../../src/restate/worker.ts';
import { freePort } from '../ports.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import { restateServer } from './rig.ts';
import type { RestateServer, ServerOptions } from './server.ts';

export type Register = WorkerOptions['register'];

type StageOptions = ServerOptions & Pick<WorkerOptions, 'identityKeys' | 'inlineAttempts'>;

export class Stage {
  readonly server: RestateServer;
  readonly #register: Register;
  readonly #port: number;
  #backstep: Backstep | null = null;

  private constructor(server: RestateServer, register: Register, port: number) {
    this.server = server;
    this.#register = register;
    this.#port = port;
  }

  /** A server and a worker that is told of; no face yet. */
  static async open(register: Register, { identityKey, ...ofWorker }: StageOptions = {}) {
    const stage = await Stage.bare(register, identityKey === undefined ? {} : { identityKey });
    const worker = await stage.worker(register, ofWorker);
    await stage.server.register(urlOf(worker));
    return stage;
  }

  /** A server that knows of no worker. */
  static async bare(register: Register, options: ServerOptions = {}): Promise<Stage> {
    const server = await restateServer(options);
    const stage = new Stage(server, register, await freePort());
    onTestFinished(() => stage.closeFace());
    return stage;
  }

  /** One worker more, of which the server is not told. */
  async worker(register: Register, options: Partial<WorkerOptions> = {}): Promise<Worker> {
    const worker = await serveWorker({ lateWithin: '500ms', port: 0, register, ...options });
    onTestFinished(() => worker.stop({ within: 0 }));
    return worker;
  }

  /** Opens the face over a database, which is a new one unless given. */
  async face(
    database: string = temporaryDatabase(),
    options: Partial<RestateOptions> = {},
  ): Promise<Backstep> {
    const { ingress, admin } = this.server;
    const listen = { port: this.#port };
    const backstep = await openRestateBackstep({ ingress, admin, listen, database, ...options });
    this.#backstep = backstep;
    this.#register(backstep);
    await backstep.start();
    return backstep;
  }

  /** Where the face listens for Restate. */
  get faceUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async closeFace(): Promise<void> {
    await this.#backstep?.stop({ within: 0 });
    this.#backstep = null;
  }

  /** Ends a call as nobody should. */
  async killCall(id: string): Promise<void> {
    await fetch(`${this.server.admin}/invocations/${id}/kill`, { method: 'PATCH' });
  }

  /** Calls of a service that are under way. */
  async callsOf(service: string): Promise<readonly string[]> {
    const calls = await this.server.calls();
    return calls
      .filter(({ target, status }) => target.startsWith(service) && status !== 'scheduled')
      .map(({ id }) => id);
  }
}

export const urlOf = ({ port }: Worker): string => `http://127.0.0.1:${port}`;

/** What the doctor finds in a database. */
export async function findingsIn(
  database: string,
  definitions: readonly SagaDefinition[],
): Promise<readonly unknown[]> {
  const examination = examineDatabase({ database }, definitions);
  for (;;) {
    const { done, value } = await examination.next();
    if (done === true) return value.findings;
  }
}
