// Payloads whose schemas are not in src/unembed/view/schemas yet; scripts/types.js replaces this file once they are.
import type { Band, LookedAt, Prediction, Target, Term, Token } from "./payloads";
import type { Part, Test } from "./state";

/** The children of one row of the ledger. Terms with a source are the children of their head. */
export interface TermsPayload {
  layer: number;
  sublayer: "attention" | "mlp";
  parent: number;
  terms: Term[];
  others: { count: number; value: number };
}

/** A prediction before and after an intervention. */
export interface TestPayload {
  tests: Test[];
  before: Prediction[];
  after: Prediction[];
  target_before: Target;
  target_after: Target;
  control: Band | null;
  verdict: string | null;
}

/** What a part reads and writes. */
export interface InspectPayload {
  part: Part;
  value: number | null;
  activation: number | null;
  looks_at: LookedAt[];
  promotes: Token[];
  suppresses: Token[];
  reads: Token[];
}
