/**
 * The bank's part of the books: customers' files and the accounts of customers, as the participants
 * in actors/bank/bank.ts keep them. Knows no keys: what is done twice is found out before.
 */
import type { BookOp, Refusal } from './book-op.ts';

/** An account, under `customer.kind`. */
export interface BankAccount {
  /** The saga that reserved its number. */
  readonly sagaId: string;
  readonly state: 'reserved' | 'open' | 'closed';
}

export class BankBooks {
  /** Customers whose file is open, and the saga that opened it. */
  readonly files = new Map<string, string>();
  readonly accounts = new Map<string, BankAccount>();

  /** A step of a bank's saga; a refusal has changed nothing. Other steps are none of the bank's. */
  moveForward({ step, sagaId, orderId }: BookOp): Refusal | null {
    const account = this.accounts.get(orderId);
    switch (step) {
      case 'openFile':
        if (this.files.has(orderId)) {
          return { code: 'already-customer', message: 'is a customer already' };
        }
        this.files.set(orderId, sagaId);
        return null;
      case 'reserveNumber':
        if (account !== undefined && account.state !== 'closed') {
          return { code: 'account-exists', message: 'has an account of that kind already' };
        }
        this.accounts.set(orderId, { sagaId, state: 'reserved' });
        return null;
      case 'openAccount':
        if (account?.state !== 'reserved' || account.sagaId !== sagaId) {
          return { code: 'number-missing', message: 'no number is reserved by this saga' };
        }
        this.accounts.set(orderId, { sagaId, state: 'open' });
        return null;
      default:
        return null;
    }
  }

  /** The undoing of such a step. */
  moveBack({ step, sagaId, orderId }: BookOp): void {
    if (step === 'openFile') this.files.delete(orderId);
    if (step === 'reserveNumber') this.accounts.set(orderId, { sagaId, state: 'closed' });
    if (step === 'openAccount') this.accounts.set(orderId, { sagaId, state: 'reserved' });
  }

  /**
   * Closes an open account that a child of the saga had opened; gives that child's id, `null` where
   * there is none. The ids of a saga's children start with its own.
   */
  withdraw({ sagaId, orderId }: BookOp): string | null {
    const account = this.accounts.get(orderId);
    if (account?.state !== 'open' || !account.sagaId.startsWith(`${sagaId}.`)) return null;
    this.accounts.set(orderId, { ...account, state: 'closed' });
    return account.sagaId;
  }
}
