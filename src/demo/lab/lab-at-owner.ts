/**
 * The fault lab of a standby: faults meet calls of activities, and those are made by the process that
 * owns the database. So what is ordered here is done there, and its list of faults is kept for the
 * pages of this one.
 *
 * Must never hand on a crash: an owner that dies before its answer leaves the order to the next one.
 */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { Backstep } from '../../host/backstep.ts';
import { readText } from '../../server/body.ts';
import { HttpProblem, problemOf, problemResponse } from '../../server/error-response.ts';
import type { HttpEnv } from '../../server/http-env.ts';
import type { ActiveFault, FaultControls } from './fault-controls.ts';

/** Whatever changes or tells faults; a crash is of the process that is asked for it. */
const HANDED_ON = ['/api/faults/*', '/faults/actions/*', '/saga/actions/faults'];
const CRASH = /\/crash$/;
/** What forms and bodies are read by. */
const HEADERS = ['content-type', 'hx-request', 'hx-target', 'hx-current-url'];

interface Order {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What is set there now. */
  readonly faults: readonly ActiveFault[];
}

export class LabAtOwner {
  /** The faults as pages of this process show them. */
  readonly faults: FaultControls;
  readonly #backstep: Backstep;
  readonly #routes = new Hono<HttpEnv>();
  readonly #ask: (order: Order) => Promise<Answer>;
  #lastHeard: readonly ActiveFault[] = [];

  constructor(backstep: Backstep, faults: FaultControls) {
    this.#backstep = backstep;
    this.faults = { ...faults, list: () => (this.isOn ? this.#lastHeard : faults.list()) };
    this.#routes.onError((error) => {
      if (error instanceof HttpProblem) return problemResponse(problemOf(error));
      throw error; // it is told where it was asked
    });
    this.#ask = backstep.atOwner('fault-lab', async ({ path, body, ...rest }: Order) => {
      const init = body === null ? rest : { ...rest, body };
      const answer = await this.#routes.request(`http://localhost${path}`, init);
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: await answer.text(),
        faults: faults.list(),
      };
    });
  }

  /** True while another process owns the database. */
  get isOn(): boolean {
    return this.#backstep.health().kind === 'standby';
  }

  /** Routes that the owner follows for others, with whole paths. */
  add(routes: Hono<HttpEnv> | undefined): void {
    if (routes !== undefined) this.#routes.route('/', routes);
  }

  /** Hands requests on, before the routes that take them here. */
  handOn(app: Hono<HttpEnv>): void {
    for (const path of HANDED_ON) app.use(path, this.#middleware);
  }

  readonly #middleware: MiddlewareHandler<HttpEnv> = async (c, next) => {
    if (!this.isOn || CRASH.test(c.req.path)) return next();
    const { status, headers, body, faults } = await this.#ask(await orderIn(c));
    this.#lastHeard = faults;
    const bytes = status === 204 ? null : body;
    return new Response(bytes, { status, headers });
  };
}

async function orderIn(c: Context): Promise<Order> {
  const given = HEADERS.map((name) => [name, c.req.header(name)] as const);
  const headers = given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const { pathname, search } = new URL(c.req.url);
  const { method } = c.req;
  return {
    method,
    path: `${pathname}${search}`,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: method === 'GET' || method === 'DELETE' ? null : await readText(c.req.raw),
  };
}
