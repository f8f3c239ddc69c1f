/** What `explain` found by zeroing every head, and a sample of neurons and those of the largest credit. */
import { isCross, type Part } from "../lib/parts";
import type { ExplainPayload, Zeroed } from "../protocol/payloads";
import { useAsk } from "./useAsk";
import { usePage } from "./usePage";

/** The explanation with its tests; asked after the first, which shows before they have finished. */
export function useTested(): ExplainPayload | null {
  const page = usePage();
  return useAsk(testedAsk(page.followed()))?.result ?? null;
}

export function testedAsk(followed: Record<string, unknown> | null) {
  return followed ? { ask: "explain" as const, ...followed, test: true, top: 10 } : null;
}

/** What zeroing a part does; null where it was not tested. */
export function zeroedIn(tested: ExplainPayload, part: Part): Zeroed | null {
  const found =
    part.head !== undefined
      ? tested.heads.find(
          (head) => head.cross === isCross(part) && head.layer === part.layer && head.head === part.head,
        )
      : part.kind === "neuron"
        ? tested.neurons.find(
            (neuron) =>
              neuron.layer === part.layer &&
              neuron.neuron === part.neuron &&
              (neuron.expert ?? undefined) === part.expert,
          )
        : tested.sublayers.find((sublayer) => sublayer.kind === part.kind && sublayer.layer === part.layer);
  return found?.zeroed ?? null;
}
