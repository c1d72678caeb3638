/** Backstep as the demo has opened it, wherever its sagas run. */
import type { Backstep } from '../host/backstep.ts';

export interface OpenedDemo {
  readonly backstep: Backstep;
  /** Binds a saga where it runs. */
  readonly register: Backstep['register'];
  readonly start: () => Promise<void>;
  /** Ends at once what runs an attempt: this process, or a worker. */
  readonly crashRunner: () => void;
}
