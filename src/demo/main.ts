/**
 * The composition root of the demo: with `sagas.ts` the only file that knows machines/ and actors/.
 *
 * Opens the engine, binds the sagas to their participants, serves HTTP, and ends as it should:
 * SIGTERM drains and loses nothing, a storage failure stops the process. Exit code 78: refused to
 * start (the launcher does not try again); 75: another process owns the database now; 1: failed.
 */
import { fileURLToPath } from 'node:url';
import { createFaults, type Faults } from '../../actors/faults/faults.ts';
import { RESERVATION_LIFETIME_MS } from '../../actors/inventory/inventory.ts';
import { createOrderDemoReads } from '../../actors/order/order-demo.ts';
import { checkOrderInvariants } from '../../actors/order/order-invariants.ts';
import { createOrderLab, type LabTables } from '../../actors/order/order-lab.ts';
import type { OrderReader } from '../../actors/order/order-tables.ts';
import { ReservationSweep, SWEEP_INTERVAL_MS } from '../../actors/inventory/reservation-sweep.ts';
import { readPlaces, type TravelTables } from '../../actors/travel/travel-places.ts';
import { CURRENCY } from '../../machines/order.ts';
import { BackstepError, type ErrorCode } from '../core/errors.ts';
import { createRedact, hidesNamed } from '../core/secrets/redact.ts';
import { checkSettings, settingOf } from './settings.ts';
import { parseWith } from '../core/standard-schema.ts';
import { isEnded } from '../core/status.ts';
import { type Binding, bindingOf } from './binding.ts';
import type { OrderDemo } from './order/order-demo.ts';
import { OrderRequest } from './order/order-request.ts';
import type { OrderLab } from './lab/order-lab.ts';
import { type ServedBackstep, serveBackstep } from '../server.ts';
import type { Panel } from '../server/dashboard/services/panel.ts';
import { EXIT_FAILED, EXIT_REFUSED, EXIT_TAKEN_OVER } from './exit-codes.ts';
import { orderExtension } from './order-extension.ts';
import { settingFacts } from './setting-facts.ts';
import type { Backstep } from '../host/backstep.ts';
import { stopOnSignal, tellingOfStandby } from './life.ts';
import { openDemo } from './open-demo.ts';
import type { OpenedDemo } from './opened-demo.ts';
import { readerOf, registerSagas, SAGAS } from './sagas.ts';
import { createServerLog } from './server-log.ts';
import { readAlertsFile } from '../host/alerts/alert-file.ts';
import { systemClock } from '../host/clock.ts';
import { warnOfOpenFile } from '../runtime/file-modes.ts';
import { shownLog } from '../host/shown-log.ts';
import { Rounds } from '../host/upkeep/rounds.ts';

/** What a person must mend before another start makes sense. */
const REFUSALS: readonly ErrorCode[] = ['storage-refused', 'input-invalid'];

const { env } = process;
// Whoever reads may be gone, or the disk that it goes to full: no reason to stop any saga.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
try {
  checkSettings(env);
} catch (error) {
  end(error, EXIT_REFUSED);
}
const hides = hidesNamed(settingOf(env, 'BACKSTEP_REDACT'));
const serverLog = createServerLog(settingOf(env, 'LOG_LEVEL'));
const log = shownLog(serverLog.log, createRedact(hides));

// The launcher holds the other end: when it is gone, nothing of the demo may linger.
if (process.send !== undefined) process.on('disconnect', () => process.exit(EXIT_FAILED));
process.on('unhandledRejection', (err) => log.error({ err }, 'a rejection that nobody handled'));

await run().catch((error: unknown) => {
  if (!(error instanceof BackstepError)) throw error;
  // A fault that may pass is an end like any other: whoever keeps this process starts it again.
  end(error, REFUSALS.includes(error.code) ? EXIT_REFUSED : EXIT_FAILED);
});

async function run(): Promise<void> {
  const binding = bindingOf(env);
  const tokenFile = settingOf(env, 'BACKSTEP_TOKEN_FILE');
  if (tokenFile !== null) warnOfOpenFile(tokenFile, 'the token', log);
  const providerUrl = providerUrlOf();
  const keepEndedMs = settingOf(env, 'BACKSTEP_KEEP_ENDED');
  const alertsFile = settingOf(env, 'BACKSTEP_ALERTS');
  if (alertsFile !== null) warnOfOpenFile(alertsFile, 'the file of alerts', log);
  const demo = await openDemo(
    env,
    {
      migrationsFolder: fileURLToPath(new URL('../../migrations/demo', import.meta.url)),
      ...(keepEndedMs === null ? {} : { keepEndedFor: keepEndedMs }),
      ...(alertsFile === null ? {} : { alerts: await readAlertsFile(alertsFile) }),
      verifyAtRegistration: settingOf(env, 'BACKSTEP_VERIFY'),
      logger: log,
      hides,
      // Either way a new process finds out: what was committed, or that it is a standby now.
      onFatal: (_, cause) => process.exit(cause === 'taken-over' ? EXIT_TAKEN_OVER : EXIT_FAILED),
    },
    crash,
  );
  const { backstep } = demo;
  const activities = SAGAS.flatMap(({ saga }) => saga.activities);
  const faults = createFaults({ activities, random: Math.random });
  const smtpUrl = settingOf(env, 'SMTP_URL');
  registerSagas(demo.register, { store: backstep.store, faults, providerUrl, smtpUrl });
  // Listening first: a taken port is found before any saga goes on, and health tells of recovery.
  const server = await listen(demo, faults, providerUrl, binding);
  const sweep = createSweep(backstep, Date.now);
  const sweeping = new Rounds(systemClock, async () => {
    await sweep.sweep();
    return SWEEP_INTERVAL_MS;
  });
  // Before the start: while another process owns the database, that waits for as long as it lives.
  const isStopping = stopOnSignal({ server, sweeping, backstep, log });
  try {
    await tellingOfStandby(backstep, server.url, demo.start());
  } catch (error) {
    if (isStopping()) return;
    throw error;
  }
  sweeping.start();
  process.stdout.write(`Backstep is ready: ${server.url}/saga\n`);
}

async function listen(
  { backstep, crashRunner }: OpenedDemo,
  faults: Faults,
  providerUrl: string,
  binding: Binding,
): Promise<ServedBackstep> {
  const orders = orderExtension({
    demo: createOrderDemo(readerOf(backstep), providerUrl),
    faults: settingOf(env, 'BACKSTEP_FAULTS') ? faults : null,
    lab: createLab(backstep, faults, providerUrl),
    crash,
    crashRunner,
  });
  try {
    return await serveBackstep({
      ...binding,
      backstep,
      extensions: [orders, { name: 'travel demo', panels: [tripPanel(backstep)] }],
      logger: log,
      lostLogLines: serverLog.lostLines,
      inspectorsMaySend: settingOf(env, 'BACKSTEP_INSPECT_SEND'),
      settings: settingFacts(env),
    });
  } catch (error) {
    await backstep.stop({ within: 0 });
    end(error, EXIT_REFUSED);
  }
}

function tripPanel({ store }: Backstep): Panel {
  const reader = store.reader<TravelTables>();
  return { id: 'trip-places', title: 'Travel: places', read: () => readPlaces(reader) };
}

function createOrderDemo(reader: OrderReader, providerUrl: string): OrderDemo {
  return {
    ...createOrderDemoReads(reader),
    invariants: () => checkOrderInvariants(reader, providerUrl),
    orderBody: OrderRequest,
    currency: CURRENCY,
    parseOrder: async (body) => {
      const input = await parseWith(OrderRequest, body);
      await assertProductExists(reader, input.productId);
      return { input, key: input.orderId };
    },
  };
}

async function assertProductExists(reader: OrderReader, productId: string): Promise<void> {
  const products = await reader.selectFrom('products').select('product_id').execute();
  if (products.some((product) => product.product_id === productId)) return;
  const known = products.map((product) => product.product_id).join(', ');
  const message = `there is no product "${productId}"; known: ${known}`;
  throw new BackstepError('input-invalid', message, {
    issues: [{ path: 'product_id', message, isTypeError: false }],
  });
}

function createLab(backstep: Backstep, faults: Faults, providerUrl: string): OrderLab {
  const { store } = backstep;
  // The launcher is at the other end of the channel; without it nobody restarts anything.
  const tellLauncher = process.send?.bind(process);
  return createOrderLab({
    reader: store.reader<LabTables>(),
    write: store.write.bind(store),
    providerUrl,
    faults,
    sweepAfterExpiry: () =>
      createSweep(backstep, () => Date.now() + RESERVATION_LIFETIME_MS + 1).sweep(),
    tellLauncher: tellLauncher === undefined ? null : (message) => void tellLauncher(message),
    ownsProvider: env['PAYMENT_PROVIDER_KEPT'] === 'yes',
  });
}

function createSweep(backstep: Backstep, nowMs: () => number): ReservationSweep {
  return new ReservationSweep({
    reader: readerOf(backstep),
    write: backstep.store.write.bind(backstep.store),
    isSagaOver: async (sagaId) => {
      const saga = await backstep.read.saga(sagaId);
      return saga === null || isEnded(saga.status);
    },
    alarm: (alarm) => log.error(alarm, 'reservation sweep'),
    nowMs,
  });
}

function crash(): void {
  process.kill(process.pid, 'SIGKILL');
}

function providerUrlOf(): string {
  const url = settingOf(env, 'PAYMENT_PROVIDER_URL');
  if (url !== null) return url;
  const message = 'PAYMENT_PROVIDER_URL must be set; npm start brings a payment provider';
  throw new BackstepError('input-invalid', message);
}

/** Ends the process with one clear line; after `EXIT_REFUSED` the launcher does not try again. */
function end(error: unknown, exitCode: number): never {
  process.stderr.write(`backstep: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCode);
}
