/** `GET /metrics` of a process that makes attempts and has no pages, on a port of its own. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AttemptFigures, attemptMetrics } from './attempt-metrics.ts';
import { METRICS_TYPE, prometheusText } from './prometheus-text.ts';

/** Where it serves them. */
export interface MetricsAt {
  /** 0: any free one. */
  readonly port: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
}

export interface MetricsServer {
  readonly port: number;
  end(): void;
}

/** Listens, unless it is `undefined` where. Rejects where the port cannot be had. */
export async function serveMetrics(
  at: MetricsAt | undefined,
  figures: () => AttemptFigures,
): Promise<MetricsServer | null> {
  if (at === undefined) return null;
  const { port, host = '127.0.0.1' } = at;
  const server = createServer(({ method, url }, response) => {
    if (method !== 'GET' || url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    const text = prometheusText(attemptMetrics(figures()));
    response.writeHead(200, { 'content-type': METRICS_TYPE }).end(text);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    end: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
