/** The heads and neurons of an explanation: listed at once by what each adds, and once they were switched off, with that. */
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
const Listed = createContext<ExplainPayload | null>(null);

/** Asks for the parts, and for the explanation with its tests, after the first, which shows before: once for all. */
export function Tests({ children }: { children: ComponentChildren }) {
  const page = usePage();
  const followed = page.followed();
  const view = page.at.view.value;
  const pinned = view === "tests" && page.at.pins.value.length > 0;
  const shown = followed !== null && SHOWN_IN.includes(view) && !pinned;
  const ask = (test: boolean) => ({ ask: "explain" as const, ...followed, test, top: 10 });
  const listed = useAsk(shown && !page.desk.peek(ask(true)) ? ask(false) : null);
  const tests = useAsk(shown ? ask(true) : null);
  return (
    <Answered.Provider value={tests}>
      <Listed.Provider value={tests?.result ?? listed?.result ?? null}>{children}</Listed.Provider>
    </Answered.Provider>
  );
}

/** How the tests stand; null where they are not asked for. */
export function useTests(): Answer<ExplainPayload> | null {
  return useContext(Answered);
}

/** The explanation with its tests. */
export function useTested(): ExplainPayload | null {
  return useTests()?.result ?? null;
}

/** The explanation with its heads and neurons, whose tests may not be here yet. */
export function useListed(): ExplainPayload | null {
  return useContext(Listed);
}
