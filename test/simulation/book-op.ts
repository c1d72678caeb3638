/** What participants are asked to do, and how they refuse. */

/** One call of a participant, as a remote or a statement of a transactional activity gets it. */
export interface BookOp {
  /** `ask`: whether the step happened; what never did is fenced from then on. */
  readonly kind: 'apply' | 'undo' | 'ask';
  readonly step: string;
  /** The forward key, for an undo as well. */
  readonly key: string;
  readonly sagaId: string;
  readonly orderId: string;
  readonly quantity: number;
  readonly amountMinor: number;
  /** A saga whose effects, and those of its children, the undo takes back as a whole. */
  readonly child: string | null;
}

/** Why an operation was refused; it left nothing. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}
