/**
 * `backstep alerts`: what the rules of a server found, whether that arrived, and a trial.
 */
import type { Command } from 'commander';
import type { AlertDelivery, AlertIncident } from '../../client.ts';
import { agoText, columns } from '../columns.ts';
import { type Running, type Surroundings, whenConnected } from '../command-run.ts';
import { type ConnectionOptions, onServer } from '../connection.ts';
import { EXIT_FAILED, EXIT_WELL } from '../exit-codes.ts';
import { textValue } from '../option-values.ts';

interface AlertOptions extends ConnectionOptions {
  readonly trial?: string;
}

/** Messages looked at. */
const LOOKED_AT = 50;
/** How long a trial is waited for. */
const TRIAL_MS = 15_000;
const LOOK_MS = 300;

/** Adds it to the program. */
export function addAlertCommands(program: Command, surroundings: Surroundings): void {
  const alerts = onServer(
    program
      .command('alerts')
      .description('list open incidents of alerts and what does not arrive, or send a trial')
      .option(
        '--trial <target>',
        'send a trial to this target, and say whether it arrived',
        textValue,
      ),
  );
  whenConnected<AlertOptions>(alerts, surroundings, ({ trial }, _, running) =>
    trial === undefined ? listAlerts(running) : sendTrial(trial, running),
  );
}

async function listAlerts({ client, report, typed }: Running): Promise<number> {
  const [overview, incidents, deliveries] = await Promise.all([
    client.alerts.overview(),
    client.alerts.incidents({ open: true }).page({ limit: 200 }),
    client.alerts.deliveries().page({ limit: LOOKED_AT }),
  ]);
  const undelivered = deliveries.items.filter(isUndelivered);
  const { items: open } = incidents;
  report.answer({ ...overview, open, undelivered }, () => [
    ...(open.length === 0 ? ['no incident is open'] : incidentLines(open)),
    ...(undelivered.length === 0 ? [] : ['', ...deliveryLines(undelivered)]),
  ]);
  const [target] = overview.targets;
  report.next(target === undefined ? null : typed(`alerts --trial ${target.name}`));
  return open.length === 0 && undelivered.length === 0 ? EXIT_WELL : EXIT_FAILED;
}

function isUndelivered({ outcome, error }: AlertDelivery): boolean {
  return outcome === 'given-up' || (outcome === null && error !== null);
}

function incidentLines(items: readonly AlertIncident[]): readonly string[] {
  const nowMs = Date.now();
  const rows = items.map(({ rule, cause, now, total, openedAt, error }) => [
    rule,
    Object.values(cause).join(', '),
    String(now),
    String(total),
    agoText(openedAt, nowMs),
    error ?? '',
  ]);
  return columns(['RULE', 'CAUSE', 'NOW', 'IN ALL', 'SINCE', 'ERROR'], rows);
}

function deliveryLines(items: readonly AlertDelivery[]): readonly string[] {
  const rows = items.map(({ target, kind, rule, attempts, outcome, error }) => [
    target,
    kind,
    rule ?? '-',
    String(attempts),
    outcome ?? 'tried again',
    error ?? '',
  ]);
  return columns(['TARGET', 'MESSAGE', 'RULE', 'TRIES', 'OUTCOME', 'ERROR'], rows);
}

async function sendTrial(target: string, { client, report, terminal }: Running): Promise<number> {
  const { id } = await client.alerts.trial(target);
  const untilMs = Date.now() + TRIAL_MS;
  for (;;) {
    const { items } = await client.alerts.deliveries().page({ limit: LOOKED_AT });
    const found = items.find((each) => each.id === id && each.target === target);
    const isTold = found !== undefined && (found.outcome !== null || found.error !== null);
    if (isTold || Date.now() >= untilMs || terminal.interrupted.aborted) {
      const { outcome = null, error = null } = found ?? {};
      report.answer({ id, target, outcome, error }, () => [
        outcome === 'delivered'
          ? `${target} took the trial`
          : `${target} did not take the trial${error === null ? ' so far' : `: ${error}`}`,
      ]);
      return outcome === 'delivered' ? EXIT_WELL : EXIT_FAILED;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
