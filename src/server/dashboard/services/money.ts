/**
 * Money as people read it.
 */

/** ISO 4217. Anything else is shown as a plain number beside itself. */
const CURRENCY = /^[A-Z]{3}$/;

/** An amount in major units, such as `€1,527.50`; without a currency it is a plain number. */
export function moneyInWords(amount: number | string, currency: string | null): string {
  const value = Number(amount);
  if (currency !== null && CURRENCY.test(currency)) {
    return value.toLocaleString('en', { style: 'currency', currency });
  }
  const plain = value.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return currency === null ? plain : `${plain} ${currency}`;
}
