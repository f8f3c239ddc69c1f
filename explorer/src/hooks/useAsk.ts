/** What the model answers to an ask, for as long as a panel shows it. */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { type Answer, type Ask, type AskName, canonical, type Payloads } from "../protocol/asks";
import { usePage } from "./usePage";

/** The answer to an ask, asked while the panel shows it; null asks nothing. */
export function useAsk<N extends AskName>(ask: Ask<N> | null): Answer<Payloads[N]> | null {
  const page = usePage();
  const key = ask === null ? "" : canonical(ask);
  const watched = useSignal<{ key: string; answer: ReadonlySignal<Answer<Payloads[N]>> } | null>(null);
  useLayoutEffect(() => {
    if (ask === null) return;
    watched.value = { key, answer: page.desk.watch(ask) };
    return () => page.desk.release(ask);
  }, [key]);
  if (watched.value?.key === key) return watched.value.answer.value;
  // What was asked before, or ahead, is drawn at once and not a drawing later.
  const known = ask && page.desk.known(ask);
  return known?.result ? known : null;
}

/** Asks ahead what clicks on a panel would ask, while it is shown and nothing is waited for. */
export function useForeseen(asks: readonly Ask[]): void {
  const page = usePage();
  const key = canonical(asks);
  useEffect(() => (page.data.host === "page" && asks.length > 0 ? page.desk.foresee(asks) : undefined), [key]);
}

/** The latest result of an ask: while a new one is on its way, or `held` until it is known, the one before it, marked as
 * stale. */
export function useLatest<N extends AskName>(
  ask: Ask<N> | null,
  held = false,
): { answer: Answer<Payloads[N]> | null; result: Payloads[N] | null; stale: boolean } {
  const answer = useAsk(ask);
  const last = useRef<Payloads[N] | null>(null);
  if (answer?.result) last.current = answer.result;
  if (ask === null && !held) last.current = null;
  return { answer, result: answer?.error ? null : last.current, stale: !answer?.result };
}
