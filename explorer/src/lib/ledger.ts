/** The ledger as rows: the largest terms, and what the others come to. */
import type { Ledger, Term } from "../protocol/payloads";

export type Order = "size" | "effect" | "layer";

export interface Rows {
  shown: Term[];
  /** What is not shown, summed: it is never left out. */
  others: { count: number; value: number };
  sum: number;
}

/**
 * The `limit` largest terms in the wanted order, with those that `keep` asks for, and the net of the others. By effect,
 * those whose effect is largest are shown, and terms without one, such as the embedding, stand last.
 */
export function rowsOf(
  terms: readonly Term[],
  limit: number,
  order: Order,
  keep: (term: Term) => boolean = () => false,
  effectOf: (term: Term) => number | null = () => null,
): Rows {
  const bySize = [...terms].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  if (order === "effect") bySize.sort((a, b) => Math.abs(effectOf(b) ?? 0) - Math.abs(effectOf(a) ?? 0));
  const kept = new Set([...bySize.slice(0, limit), ...bySize.filter(keep)]);
  const left = bySize.filter((term) => !kept.has(term));
  return {
    shown: (order === "layer" ? terms : bySize).filter((term) => kept.has(term)),
    others: { count: left.length, value: total(left.map((term) => term.value)) },
    sum: total(terms.map((term) => term.value)),
  };
}

/** What fills a bar: the largest of some terms and of what the others come to, so that none is cut to look smaller. */
export function scaleOf(least: number, terms: readonly Term[], others: number): number {
  return Math.max(least, Math.abs(others), ...terms.map((term) => Math.abs(term.value)));
}

/** A sum that loses nothing to the order of its addends (Neumaier 1974). */
export function total(values: readonly number[]): number {
  let sum = 0;
  let lost = 0;
  for (const value of values) {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

/** Whether the terms, summed here and not by whoever sent them, are the model's number within its tolerance. */
export function addsUp(ledger: Ledger): { sum: number; error: number; holds: boolean } {
  const sum = total(ledger.terms.map((term) => term.value));
  const error = Math.abs(sum - ledger.value);
  return { sum, error, holds: error <= ledger.tolerance };
}

/** A term's identity, equal in two prompts for the same part. */
export function termKey(term: Term): string {
  return [term.kind, term.layer, term.head, term.expert, term.neuron, term.source].join(" ");
}

export interface Pair {
  term: Term;
  a: number | null;
  b: number | null;
}

/** The terms of two ledgers side by side; null where one has no such term. */
export function paired(a: readonly Term[], b: readonly Term[]): Pair[] {
  const other = new Map(b.map((term) => [termKey(term), term]));
  const pairs: Pair[] = a.map((term) => {
    const match = other.get(termKey(term));
    other.delete(termKey(term));
    return { term, a: term.value, b: match?.value ?? null };
  });
  return [...pairs, ...[...other.values()].map((term) => ({ term, a: null, b: term.value }))];
}
