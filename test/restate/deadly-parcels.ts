/** Sagas with an attempt that ends its process. */
import { hastySaga } from '../conformance/sagas.ts';

/** Its step is never started twice. */
export const onceSaga = hastySaga({ repeatable: false, timeout: '10s' });

const DEADLY = /^dies-(\d+)$/;

/** What it must be started with so that so many attempts of its deadly step end their process. */
export const dyingOf = (deaths: number): string => `dies-${deaths}`;

/** How many do, of a saga with that input. */
export function deathsOf({ of }: { readonly of: string }): number {
  return Number(DEADLY.exec(of)?.[1] ?? 0);
}
