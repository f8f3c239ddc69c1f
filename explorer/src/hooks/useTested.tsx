/** What `explain` found by zeroing every head, and a sample of neurons and those of the largest credit. */
import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import type { View } from "../page/state";
import type { Answer } from "../protocol/asks";
import type { ExplainPayload } from "../protocol/payloads";
import { useAsk } from "./useAsk";
import { usePage } from "./usePage";

/** The views that tell of tests; Tests only until there is one. */
const SHOWN_IN: readonly View[] = ["why", "parts", "tests"];
const Answered = createContext<Answer<ExplainPayload> | null>(null);

/** Asks for the explanation with its tests, after the first, which shows before they have finished: once for all. */
export function Tests({ children }: { children: ComponentChildren }) {
  const page = usePage();
  const followed = page.followed();
  const view = page.at.view.value;
  const pinned = view === "tests" && page.at.pins.value.length > 0;
  const shown = followed !== null && SHOWN_IN.includes(view) && !pinned;
  const answer = useAsk(shown ? { ask: "explain" as const, ...followed, test: true, top: 10 } : null);
  return <Answered.Provider value={answer}>{children}</Answered.Provider>;
}

/** How the tests stand; null where they are not asked for. */
export function useTests(): Answer<ExplainPayload> | null {
  return useContext(Answered);
}

/** The explanation with its tests. */
export function useTested(): ExplainPayload | null {
  return useTests()?.result ?? null;
}
