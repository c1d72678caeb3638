/**
 * Puts new workers in the place of old ones: looks whether they can go on with what is in flight,
 * tells Restate of them, waits until no call is left on the old ones, and takes those away.
 *
 * Restate keeps a call on the deployment where it began, and new code there would leave it failing
 * for ever. So a deployment never changes: other code has another address.
 */
import { type Clock, pause } from '../host/clock.ts';
import type { Runnable } from '../host/registry.ts';
import { type Admin, newestServing, quoted, type Served, type Serving } from './face/admin.ts';
import { countStuckCalls, unwrittenTooLong } from './face/stuck-calls.ts';
import { SERVICES } from './names.ts';
import { INLINE_METADATA, RUNS_METADATA, runsIn } from './runs-metadata.ts';

/** Sagas of one version that are not over. */
export interface InFlight {
  readonly type: string;
  readonly version: number;
  readonly sagas: number;
}

/** What the face says of its sagas. */
export interface FaceKnows {
  readonly inFlight: readonly InFlight[];
  /** What it has registered, or can migrate. */
  readonly isKnown: (type: string, version: number) => boolean;
}

export interface DeploymentPlan {
  readonly url: string;
  /** Why it must not be done, each a sentence with the cure; none: it may. */
  readonly refusals: readonly string[];
  readonly runs: readonly Runnable[];
  /** Restate sends new calls there already: what is left is to wait for the old ones. */
  readonly isServing: boolean;
  /** Which it takes the place of. */
  readonly old: readonly Pick<Serving, 'id' | 'url'>[];
}

/** How far old calls are. */
export interface Draining {
  /** Calls that began on old workers and are not over. */
  readonly left: number;
}

export interface Deployed extends Draining {
  /** Addresses that Restate asks for nothing any more: what serves there may stop. */
  readonly removed: readonly string[];
  /** Those where calls are left, or that serve other services too. */
  readonly kept: readonly string[];
  /** What began on old workers after the plan was made and the new ones cannot run, each a sentence. */
  readonly stranded: readonly string[];
}

/** How old calls are waited for. */
export interface DeployOptions {
  readonly clock: Clock;
  /** For at most so long; `null`: as long as it takes. */
  readonly withinMs: number | null;
  /** Called at the end where there were old workers. */
  readonly ask: () => Promise<FaceKnows>;
}

/** Of workers: all but that of the face, which tells Restate of itself. */
const OF_WORKERS: readonly string[] = Object.values(SERVICES).filter(
  (name) => name !== SERVICES.journal,
);
const LOOK_EVERY_MS = 500;
/** As long as the nodes of a cluster may take to hear of a deployment. */
const SURE_AFTER_LOOKS = 3;

/**
 * Looks at the workers of an address and at what they would take over; changes nothing. `ask` is
 * called where workers are there already: else nothing can be in flight. Throws `unavailable`, and
 * what `ask` throws.
 */
export async function planDeployment(
  admin: Admin,
  url: string,
  ask: () => Promise<FaceKnows>,
  nowMs: number,
): Promise<DeploymentPlan> {
  const { id, services } = await admin.register(url, { isTrial: true });
  const deployments = await admin.deployments();
  const ours = deployments.filter((each) => each.services.some(isOfWorkers));
  const newest = newestServing(deployments, SERVICES.saga);
  const runs = runsIn(services.find(isSaga)?.metadata?.[RUNS_METADATA]);
  const isThere = ours.some((each) => each.id === id);
  const old = ours.filter((each) => each.id !== id);
  const refusals: string[] = [];
  if (runs === null) refusals.push(`no worker of Backstep serves at ${url}`);
  if (isThere) {
    const asTold = await admin.register(url, { isTrial: true, isAskedAnew: false });
    if (saidOf(asTold.services) !== saidOf(services)) {
      refusals.push(
        `other code or settings serve at ${url} than when Restate was told of it; calls that began ` +
          'there fail for ever: give the new workers an address of their own',
      );
    } else if (newest?.id !== id) {
      refusals.push(`newer workers took over from ${url}; give these an address of their own`);
    }
  }
  if (ours.length > 0) {
    const figures = await countStuckCalls(admin, deployments, nowMs);
    const unwritten = unwrittenTooLong(figures, nowMs);
    if (unwritten > 0) refusals.push(notKnown(unwritten));
    refusals.push(...refusalsOf(runs ?? [], await ask()));
  }
  return { url, refusals, runs: runs ?? [], isServing: isThere, old };
}

/**
 * Does what was planned. Yields how many calls are left on old workers, and goes on while there are
 * any. Throws `unavailable`, and what `ask` throws; begun again it goes on from there.
 *
 * Old workers take starts until Restate is told of the new ones. So what came after the look at what is
 * in flight is looked for at the end, once it is written as well.
 */
export async function* deploy(
  admin: Admin,
  { url, isServing, old, runs }: DeploymentPlan,
  { clock, withinMs, ask }: DeployOptions,
): AsyncGenerator<Draining, Deployed | { readonly refusal: string }> {
  if (!isServing) {
    const { id } = await admin.register(url, { isAskedAnew: false });
    const told = (await admin.deployments()).find((each) => each.id === id);
    if (told?.isBothWays === false) {
      // Nothing has run there but calls of this moment, which no worker could take to their end.
      await admin.remove(id);
      return { refusal: onlyOneWay(url) };
    }
  }
  const untilMs = withinMs === null ? Infinity : clock.nowMs() + withinMs;
  let quietLooks = 0;
  for (;;) {
    const left = await callsOn(admin, old);
    const total = sumOf(left);
    quietLooks = total === 0 ? quietLooks + 1 : 0;
    const isQuiet = old.length === 0 || quietLooks === SURE_AFTER_LOOKS;
    if (isQuiet || clock.nowMs() >= untilMs) {
      const removed = await removeQuiet(admin, old, left);
      return { ...removed, stranded: old.length === 0 ? [] : strandedIn(runs, await ask()) };
    }
    yield { left: total };
    await pause(clock, LOOK_EVERY_MS);
  }
}

async function removeQuiet(
  admin: Admin,
  old: DeploymentPlan['old'],
  left: ReadonlyMap<string, number>,
): Promise<Omit<Deployed, 'stranded'>> {
  const removed: string[] = [];
  const kept: string[] = [];
  for (const { id, url, isShared } of await withShared(admin, old)) {
    if ((left.get(id) ?? 0) > 0 || isShared) {
      kept.push(url);
    } else {
      await admin.remove(id);
      removed.push(url);
    }
  }
  return { left: sumOf(left), removed, kept };
}

/** Others may serve something beside: then it is theirs to take away. */
async function withShared(admin: Admin, old: DeploymentPlan['old']) {
  const deployments = await admin.deployments();
  return old.flatMap(({ id, url }) => {
    const there = deployments.find((each) => each.id === id);
    if (there === undefined) return [];
    return [{ id, url, isShared: !there.services.every(isOfWorkers) }];
  });
}

function sumOf(left: ReadonlyMap<string, number>): number {
  return [...left.values()].reduce((sum, each) => sum + each, 0);
}

/**
 * Calls that are not over, by the deployment where they began. One that a worker has taken and not
 * begun to answer is bound to no deployment yet: it is where its present try is.
 */
async function callsOn(
  admin: Admin,
  old: DeploymentPlan['old'],
): Promise<ReadonlyMap<string, number>> {
  if (old.length === 0) return new Map();
  const ids = old.map(({ id }) => quoted(id)).join(', ');
  const at = `CASE WHEN pinned_deployment_id IS NOT NULL THEN pinned_deployment_id
    WHEN status = 'running' THEN last_attempt_deployment_id END`;
  const rows = await admin.query(`SELECT ${at} AS id, COUNT(*) AS calls
    FROM sys_invocation WHERE status <> 'completed' AND ${at} IN (${ids}) GROUP BY ${at}`);
  return new Map(rows.map(({ id, calls }) => [String(id), Number(calls)]));
}

function strandedIn(runs: readonly Runnable[], { inFlight }: FaceKnows): readonly string[] {
  const isRun = (type: string, version: number): boolean =>
    runs.some((each) => each.type === type && each.version === version);
  return inFlight
    .filter(({ type, version }) => !isRun(type, version))
    .map(
      ({ type, version, sagas }) =>
        `${sagas} sagas of ${type} version ${version} are in flight, which these workers cannot ` +
        'run: register that version too, or a migration from it',
    );
}

function refusalsOf(runs: readonly Runnable[], face: FaceKnows): readonly string[] {
  const unknown = runs.filter(
    ({ type, version, hash }) => hash !== null && !face.isKnown(type, version),
  );
  return [
    ...strandedIn(runs, face),
    ...unknown.map(
      ({ type, version }) =>
        `the face does not know ${type} version ${version}, so that it could not show its sagas: ` +
        'start a face that does first',
    ),
  ];
}

function notKnown(unwritten: number): string {
  return (
    `${unwritten} turns wait to be written, so that the face does not know all that is in flight: ` +
    'see what holds it up with backstep calls'
  );
}

function onlyOneWay(url: string): string {
  return (
    `Restate reaches ${url} by request and response only, so that every attempt would look ` +
    'interrupted; let every balancer on the way speak HTTP/2'
  );
}

/** What decides how calls go on that began there. */
function saidOf(services: readonly Served[]): string {
  const { metadata = {} } = services.find(isSaga) ?? {};
  return JSON.stringify([metadata[RUNS_METADATA], metadata[INLINE_METADATA]]);
}

function isSaga({ name }: Served): boolean {
  return name === SERVICES.saga;
}

function isOfWorkers({ name }: Served): boolean {
  return OF_WORKERS.includes(name);
}
