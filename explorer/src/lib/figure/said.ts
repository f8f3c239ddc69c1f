/** What captions say of a target, a place and a model's parts, in one way. */
import type { Prediction, Reference, Target } from "../../protocol/payloads";
import { type Placed, percent, visible } from "../format";

/** The name of a token in running text. */
export function named(text: string): string {
  return visible(text.trim() === "" ? text : text.trim());
}

/** The name of a token of the prompt in running text. */
export function namedIn(token: Placed | undefined): string {
  return token?.fragment ?? named(token?.text ?? "");
}

/** "Target: Paris (77.3%)." */
export function targetOf(target: Pick<Target | Prediction, "text" | "probability">): string {
  return `Target: “${named(target.text)}” (${percent(target.probability)}).`;
}

/** What a sum of logits is of. */
export function explainedValue(target: Target, reference: Reference): string {
  const name = `“${named(target.text)}”`;
  if (reference.kind === "versus") return `the logit of ${name} minus that of “${named(reference.text ?? "")}”`;
  return reference.kind === "mean"
    ? `the logit of ${name} above the mean of the vocabulary`
    : `the raw logit of ${name}`;
}

/** "after L23", and the embedding. */
export function layerName(layer: number | null): string {
  return layer === null ? "emb" : `L${layer}`;
}
