/** What switching parts off does to what is explained, and how that is written. */
import type { Effect, ExplainPayload, HeadEffect, Zeroed } from "../protocol/payloads";
import { signed, told } from "./format";
import { headPart, isCross, nameOf, type Part } from "./parts";

/** The effect of zeroing a part; of most heads only its size is told, without a verdict. */
export interface Without {
  nats: number;
  probability: number;
  effect: Effect | null;
}

/** What zeroing a part does; null where it was not tested. */
export function withoutPart(tested: ExplainPayload, part: Part): Without | null {
  const zeroed = zeroedIn(tested, part);
  if (zeroed) {
    const effect = zeroed.difference ?? zeroed.effect;
    return { nats: effect.nats, probability: zeroed.probability, effect };
  }
  if (part.head === undefined || part.encoder) return null;
  const found = tested.head_effects.find(
    (each) => each.layer === part.layer && each.head === part.head && (each.cross ?? false) === isCross(part),
  );
  return found ? { ...found, effect: null } : null;
}

/** What zeroing a listed part does, with its verdict. */
function zeroedIn(tested: ExplainPayload, part: Part): Zeroed | null {
  if (part.encoder) return null;
  const { layer } = part;
  const found =
    part.head !== undefined
      ? tested.heads.find((head) => head.cross === isCross(part) && head.layer === layer && head.head === part.head)
      : part.kind === "neuron"
        ? tested.neurons.find(
            (each) => each.layer === layer && each.neuron === part.neuron && (each.expert ?? undefined) === part.expert,
          )
        : tested.sublayers.find((sublayer) => sublayer.kind === part.kind && sublayer.layer === layer);
  return found?.zeroed ?? null;
}

/** What is explained with a part and without it: the probability, or the lead over the versus token in logits. */
export function beforeAfter(
  { reference, ledger, target }: Pick<ExplainPayload, "reference" | "ledger" | "target">,
  { nats, probability }: Pick<Without, "nats" | "probability">,
): [string, string] {
  if (reference.kind === "versus") return [signed(ledger.value), signed(ledger.value + nats)];
  return told(target.probability, probability);
}

/** Every head by layer and place: those of self-attention, then those of cross-attention. */
export interface HeadMap {
  layers: number[];
  rows: { name: string; at(layer: number): HeadEffect | undefined }[];
  /** The largest size of an effect. */
  largest: number;
}

export function headMap(effects: readonly HeadEffect[]): HeadMap {
  const layers = [...new Set(effects.map((each) => each.layer))].sort((one, other) => one - other);
  const byPlace = new Map(effects.map((each) => [placeOf(each), each]));
  const rows = [false, true].flatMap((cross) =>
    [...new Set(effects.filter((each) => (each.cross ?? false) === cross).map((each) => each.head))]
      .sort((one, other) => one - other)
      .map((head) => ({
        name: `${cross ? "X" : "H"}${head}`,
        at: (layer: number) => byPlace.get(placeOf({ layer, head, cross })),
      })),
  );
  return { layers, rows, largest: Math.max(0, ...effects.map((each) => Math.abs(each.nats))) };
}

function placeOf({ layer, head, cross }: Pick<HeadEffect, "layer" | "head" | "cross">): string {
  return `${layer} ${head} ${cross ?? false}`;
}

/** The name of the head of an effect. */
export function nameOfHead(effect: HeadEffect): string {
  return nameOf(headPart(effect));
}
