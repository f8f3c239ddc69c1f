/** Two ledgers side by side: their largest differences as bars, with what the others come to. */
import type { ExplainPayload } from "../../protocol/payloads";
import { signed } from "../format";
import { type Pair, paired, total } from "../ledger";
import { nameOfTerm } from "../parts";
import { type BarRow, barChart, signedAxis } from "./bars";
import { type Asked, type Figure, figure } from "./figure";
import { explainedValue, targetOf } from "./said";
import { COLUMN } from "./svg";
import type { Table } from "./table";

const SHOWN = 20;

export function compareFigure(a: ExplainPayload, b: ExplainPayload, asked: Asked): Figure {
  const pairs = [...paired(a.ledger.terms, b.ledger.terms)].sort(
    (one, other) => Math.abs(difference(other)) - Math.abs(difference(one)),
  );
  const left = pairs.slice(SHOWN);
  const sum = total(pairs.map(difference));
  const others = total(left.map(difference));
  const rows: BarRow[] = [
    ...pairs.slice(0, SHOWN).map((pair) => ({
      name: nameOfTerm(pair.term),
      value: difference(pair),
      number: signed(difference(pair)),
    })),
    ...(left.length > 0
      ? [{ name: `${left.length} others (net)`, value: others, number: signed(others), other: true }]
      : []),
    { name: "total", value: sum, number: signed(sum), other: true, total: true },
  ];
  const axis = signedAxis(
    rows.map((row) => row.value),
    "A minus B, logits",
    (value) => signed(value, Number.isInteger(value) ? 0 : 1),
  );
  return figure(COLUMN, [barChart(COLUMN, { rows, axis })], {
    shows: `Two prompts compared: the difference, A minus B, of what each part adds to ${explainedValue(a.target, a.reference)} (${signed(a.ledger.value)} in A, ${signed(b.ledger.value)} in B). Hatched: less in A.`,
    made: a,
    asked,
    about: targetOf(a.target),
  });
}

function difference({ a, b }: Pair): number {
  return (a ?? 0) - (b ?? 0);
}

export function compareTable(a: ExplainPayload, b: ExplainPayload): Table {
  return {
    head: ["term", "a_logits", "b_logits", "difference"],
    rows: paired(a.ledger.terms, b.ledger.terms).map((pair) => [
      nameOfTerm(pair.term),
      pair.a,
      pair.b,
      difference(pair),
    ]),
  };
}
