/** Requests with a secret in every place that a client fills in. */
import type { Canaries } from './canaries.ts';

export interface Asked {
  readonly method: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a method is tried with: secrets in its query, headers and body. */
export function requestsOf(method: string, canaries: Canaries): readonly Asked[] {
  const plain = { query: '', headers: headersOf(canaries, 'text/html') };
  const query = `?${filled(canaries, [
    'q',
    'text',
    'saga',
    'type',
    'step',
    'by',
    'reason',
    'cursor',
    'preset',
    'next',
    'code',
    'key',
  ])}`;
  if (method === 'GET' || method === 'ALL') {
    const searched = `?q=${encodeURIComponent(canaries.text())}`;
    return [
      { method: 'GET', ...plain },
      { method: 'GET', ...plain, headers: headersOf(canaries, 'application/json') },
      { method: 'GET', ...plain, query },
      { method: 'GET', ...plain, query: searched },
      { method: 'GET', ...plain, query: '?seq=2&view=chart' },
    ];
  }
  const members = {
    ...canaries.value(),
    key: canaries.text(),
    type: canaries.text(),
    id: canaries.text(),
    command: 'cancel',
    by: canaries.text(),
    reason: canaries.text(),
    input: { ends: 'well', ...canaries.value() },
    order_id: canaries.text(),
    quantity: 1,
  };
  const json = headersOf(canaries, 'application/json', 'application/json');
  const form = headersOf(canaries, 'text/html', 'application/x-www-form-urlencoded');
  const context = new URLSearchParams({ context: JSON.stringify(canaries.value()) }).toString();
  const fields = `${context}&${filled(canaries, ['type', 'reason', 'name', 'order_id', 'q', 'input', 'key'])}`;
  const wrong = JSON.stringify({ ...members, command: canaries.text(), [canaries.text()]: 1 });
  return [
    { method, query: '', headers: json, body: JSON.stringify(members) },
    { method, query, headers: json, body: wrong },
    { method, query: '', headers: json, body: canaries.text() },
    { method, query: '', headers: form, body: fields },
    { method, query: '', headers: { ...form, 'hx-request': 'true' }, body: fields },
  ];
}

/** These fields, each with a secret. */
function filled(canaries: Canaries, names: readonly string[]): string {
  return new URLSearchParams(
    Object.fromEntries(names.map((name) => [name, canaries.text()])),
  ).toString();
}

function headersOf(
  canaries: Canaries,
  accept: string,
  type?: string,
): Readonly<Record<string, string>> {
  return {
    accept,
    ...(type === undefined ? {} : { 'content-type': type }),
    'user-agent': canaries.text(),
    referer: `http://127.0.0.1/?token=${canaries.secret()}`,
    'hx-current-url': `http://127.0.0.1/sagas?token=${canaries.secret()}`,
    'x-request-id': `token=${canaries.secret()}`,
    cookie: `backstep_session=${canaries.secret()}`,
  };
}
