/**
 * Alerts at a server: its rules, what they found, and whether that arrived.
 */
import type { AlertDelivery, AlertIncident, AlertOverview } from './answers.ts';
import { type List, listAt } from './lists.ts';
import type { Requests } from './requests.ts';

/** Alerts, for whoever watches them from elsewhere. */
export interface RemoteAlerts {
  /** Rules, targets, and how many messages do not arrive. */
  overview(): Promise<AlertOverview>;
  /** Newest first; `open`: only those that are not resolved, or that are. */
  incidents(filter?: { readonly open?: boolean }): List<AlertIncident>;
  /** Messages, newest first. */
  deliveries(): List<AlertDelivery>;
  /**
   * Sends a trial to a target and gives the id of the message. Where no answer came it is not sent
   * again. Throws `not-found`.
   */
  trial(target: string): Promise<{ readonly id: string }>;
}

/** The alerts of a server. */
export function alertReads(requests: Requests): RemoteAlerts {
  return {
    overview: () => requests.json({ method: 'GET', path: '/api/alerts' }),
    incidents: (filter = {}) => listAt(requests, '/api/alerts/incidents', filter),
    deliveries: () => listAt(requests, '/api/alerts/deliveries', {}),
    trial: (target) =>
      requests.json({ method: 'POST', path: '/api/alerts/trials', body: { target } }),
  };
}
