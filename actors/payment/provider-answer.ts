/**
 * One request to the payment provider, and its answer: bounded, labelled, from that address alone.
 *
 * Must never follow a redirect: it would send a payment to another host, or turn it into a look at
 * another page whose answer counts. Invariant: `body` is what a JSON answer says, else `undefined`;
 * more than `MAX_ANSWER_BYTES` is never read.
 */

/** Longest answer that is read, in bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** `application/json`, and what is JSON by its suffix, such as `application/problem+json`. */
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i;

/** An answer, whatever its status. */
export interface ProviderAnswer {
  readonly status: number;
  /** `undefined`: it is not labelled as JSON, or is none. */
  readonly body: unknown;
}

/** Asks. Rejects when nobody answers, or more than is read. */
export async function askProvider(url: string, request: RequestInit): Promise<ProviderAnswer> {
  const response = await fetch(url, { ...request, redirect: 'manual' });
  const type = response.headers.get('content-type') ?? '';
  if (!JSON_TYPE.test(type)) {
    await response.body?.cancel();
    return { status: response.status, body: undefined };
  }
  return { status: response.status, body: parsed(await boundedText(response)) };
}

/** What the header says of the length is not believed. */
async function boundedText({ body }: Response): Promise<string> {
  if (body === null) return '';
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > MAX_ANSWER_BYTES) {
      await reader.cancel();
      throw new Error(`the payment provider answered with more than ${MAX_ANSWER_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // labelled so and none: told like an answer without a body
  }
}
