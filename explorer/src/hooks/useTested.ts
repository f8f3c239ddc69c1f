/** What `explain` found by zeroing every head, and a sample of neurons and those of the largest credit. */
import type { ExplainPayload } from "../protocol/payloads";
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
