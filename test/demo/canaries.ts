/**
 * Secrets that are told apart, each in a place where a program can know it for one: a value under
 * a secret's name, or a text that names it. And a look for them in whatever left the process.
 */

const MARK = 'cnry';
/** Digits that begin the number of a card here, and nothing else. */
const CARD_MARK = 4_999;

export class Canaries {
  #count = 0;

  /** How many were given out. */
  get count(): number {
    return this.#count;
  }

  /** A secret, and nothing beside it. */
  secret(): string {
    this.#count += 1;
    return `${MARK}${String(this.#count).padStart(5, '0')}Zt`;
  }

  cardNumber(): number {
    this.#count += 1;
    return CARD_MARK * 1e8 + this.#count;
  }

  /** A text that names a secret, each time in another way. */
  text(): string {
    const forms = [
      (a: string) => `password=${a}`,
      (a: string) => `Authorization: Bearer ${a}`,
      (a: string) => `at http://user:${a}@host.example/path`,
      (a: string) => `it said {"apiKeys":["${a}"],"ok":true}`,
      (a: string) => `the access_token: two words ${a} and more`,
      (a: string) => `cut off {"user":"kim","client_secret":"${a}`,
      (a: string) => `the password for kim is ${a}`,
      (a: string) => `api key: ${a}`,
      (a: string) => `{ card: { number: '${a}' } }`,
    ];
    const form = forms[this.#count % forms.length] ?? String;
    return form(this.secret());
  }

  /** A value with secrets at every depth. */
  value(): Readonly<Record<string, unknown>> {
    return {
      note: this.text(),
      password: this.secret(),
      apiKeys: [this.secret()],
      accesstoken: this.secret(),
      'client-secret': { inner: this.secret() },
      card: { number: this.cardNumber(), holder: this.secret() },
      means: { type: 'card', number: this.cardNumber() },
      list: [{ cvv: this.secret(), deep: { text: this.text() } }],
      json: JSON.stringify({ token: this.secret(), again: JSON.stringify({ pin: this.secret() }) }),
    };
  }
}

/** A secret. Not within a longer number: the digits of a measured time may hold any others. */
export const CANARY = /cnry\d{5}|(?<![\d.])4999\d{8}(?!\d)/i;

/** The secrets that stand in a text, however it is written in an address or a page. */
export function canariesIn(text: string): readonly string[] {
  return [...text.matchAll(new RegExp(CANARY, 'gi'))].map(([found]) => found);
}
