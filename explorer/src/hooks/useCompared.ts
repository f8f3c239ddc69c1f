/** Prompt B beside prompt A: the same target and reference, at the position that corresponds. */
import { align, type Column, pairsOf } from "../lib/align";
import { explainAsk } from "../page/page";
import type { Answer } from "../protocol/asks";
import type { ExplainPayload } from "../protocol/payloads";
import { useAsk } from "./useAsk";
import { usePage } from "./usePage";

export interface Compared {
  answer: Answer<ExplainPayload> | null;
  result: ExplainPayload | null;
  columns: Column[] | null;
  /** The position in B that corresponds to the explained one, or null if none does. */
  mate: number | null;
}

/** B's explanation, or null when nothing is compared. */
export function useCompared(): Compared | null {
  const page = usePage();
  const b = page.at.b.value;
  const { position } = page.answered.value ?? page.state.value;
  const explained = page.explained.value;
  const followed = page.followed();
  const field = page.beside();
  const on = b !== null && b !== "" && explained !== null && followed !== null && b !== followed[field];
  const { position: _, ...others } = followed ?? {};
  const last = { ...others, [field]: b };
  const first = useAsk(on ? explainAsk(last) : null);
  const columns = on && first?.result ? align(ids(explained), ids(first.result)) : null;
  const pair = columns && explained ? pairsOf(columns).find(([p]) => p === explained.position) : undefined;
  const placed = useAsk(on && position !== null && pair ? explainAsk({ ...last, position: pair[1] }) : null);
  if (!on) return null;
  const answer = position === null ? first : pair ? placed : first?.result ? null : first;
  return { answer, result: answer?.result ?? null, columns, mate: pair?.[1] ?? null };
}

function ids(explained: ExplainPayload): number[] {
  return explained.tokens.map((token) => token.id);
}
