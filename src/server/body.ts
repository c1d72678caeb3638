/**
 * Reads request bodies: JSON objects for the API, forms for the page's own actions.
 *
 * Must never hold more than the limit in memory, whatever a client announces or sends.
 */
import { HttpProblem } from './error-response.ts';
import { findJsonFlaw } from './json-scan.ts';

/** Longest body accepted, in bytes. */
export const MAX_BODY_BYTES = 256 * 1024;
const MAX_FORM_FIELDS = 100;

/** A JSON object as it came, not checked any further. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The JSON object in the body. Throws `HttpProblem`: media-type-unsupported, body-too-large,
 * body-malformed.
 */
export async function readJsonObject(request: Request): Promise<JsonObject> {
  requireMediaType(request, 'application/json');
  const text = await readText(request);
  const flaw = findJsonFlaw(text);
  if (flaw !== null) throw malformed(`The body ${flaw}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('The body is not JSON.'); // the parser's message may quote the body
  }
  if (!isJsonObject(value)) throw malformed('The body must be a JSON object.');
  return value;
}

/** The fields of a form post. Throws as `readJsonObject`; a field may stand once. */
export async function readForm(request: Request): Promise<ReadonlyMap<string, string>> {
  requireMediaType(request, 'application/x-www-form-urlencoded');
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(await readText(request))) {
    if (fields.has(name)) throw malformed(`The form has the field "${name.slice(0, 60)}" twice.`);
    if (fields.size === MAX_FORM_FIELDS) throw malformed('The form has too many fields.');
    fields.set(name, value);
  }
  return fields;
}

/** True for a JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function requireMediaType(request: Request, mediaType: string): void {
  const [given = '', ...parameters] = (request.headers.get('content-type') ?? '').split(';');
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  const isUtf8 = parameters
    .map((parameter) => parameter.trim().toLowerCase())
    .every(
      (parameter) => !parameter.startsWith('charset=') || /^charset="?utf-8"?$/.test(parameter),
    );
  if (given.trim().toLowerCase() !== mediaType || !isUtf8 || encoding !== 'identity') {
    throw new HttpProblem('media-type-unsupported', `Send ${mediaType} in UTF-8.`, {
      accept: mediaType,
    });
  }
}

/** The whole body as text. Throws `body-too-large`, and `body-malformed` where it is not UTF-8. */
export async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const bytes = await readBytes(request.body);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed('The body is not UTF-8.');
  }
}

async function readBytes(stream: ReadableStream<Uint8Array> | null): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  try {
    // Leaving the loop by a throw cancels the stream, so that nothing more is taken in.
    for await (const chunk of stream ?? []) {
      lengthBytes += chunk.byteLength;
      if (lengthBytes > MAX_BODY_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (thrown) {
    if (thrown instanceof HttpProblem) throw thrown;
    // The client went away or broke its framing: nobody hears the answer, and it is no fault of
    // ours to be logged.
    throw malformed('The body broke off.');
  }
  return Buffer.concat(chunks);
}

function tooLarge(): HttpProblem {
  const detail = `The body may have ${MAX_BODY_BYTES} bytes.`;
  return new HttpProblem('body-too-large', detail, { connection: 'close' });
}

function malformed(detail: string): HttpProblem {
  return new HttpProblem('body-malformed', detail);
}
