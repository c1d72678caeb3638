/** Addresses of servers. */
import { BackstepError } from './errors.ts';

/** Whether that can be asked over HTTP. A bare `localhost:8080` is a URL too, of a scheme `localhost:`. */
export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Throws `input-invalid` for anything else. */
export function assertHttpUrl(text: string): void {
  if (isHttpUrl(text)) return;
  throw new BackstepError('input-invalid', `"${text}" is no URL, such as http://10.0.0.7:8080`);
}
