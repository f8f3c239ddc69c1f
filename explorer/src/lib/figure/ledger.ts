/** The ledger as bars: its largest terms, what the others come to, and the total that is the model's own number. */
import type { ExplainPayload } from "../../protocol/payloads";
import { signed } from "../format";
import { addsUp, type Order, rowsOf } from "../ledger";
import { nameOfTerm } from "../parts";
import { type BarRow, barChart, signedAxis } from "./bars";
import { type Asked, type Figure, figure } from "./figure";
import { explainedValue, targetOf } from "./said";
import { COLUMN } from "./svg";
import type { Table } from "./table";

/** Bars that a figure holds. */
const MOST = 40;

export function ledgerFigure(explained: ExplainPayload, limit: number, order: Order, asked: Asked): Figure {
  const { ledger, target, reference } = explained;
  const { shown, others } = rowsOf(ledger.terms, Math.min(limit, MOST), order);
  const { sum } = addsUp(ledger);
  const rows: BarRow[] = [
    ...shown.map((term) => ({ name: nameOfTerm(term), value: term.value, number: signed(term.value) })),
    ...(others.count > 0
      ? [{ name: `${others.count} others (net)`, value: others.value, number: signed(others.value), other: true }]
      : []),
    { name: "total", value: sum, number: signed(sum), other: true, total: true },
  ];
  const axis = signedAxis(
    rows.map((row) => row.value),
    "logits",
    (value) => signed(value, Number.isInteger(value) ? 0 : 1),
  );
  return figure(COLUMN, [barChart(COLUMN, { rows, axis })], {
    shows: `Direct credit: parts that add up to ${explainedValue(target, reference)} (${signed(ledger.value)}), the model's own number. Norm scales and attention patterns as they were. Hatched: lowers it.`,
    made: explained,
    asked,
    about: targetOf(target),
  });
}

export function ledgerTable({ ledger }: ExplainPayload): Table {
  return {
    head: ["term", "kind", "layer", "head", "expert", "neuron", "source", "logits"],
    rows: ledger.terms.map((term) => [
      nameOfTerm(term),
      term.kind,
      term.layer,
      term.head,
      term.expert,
      term.neuron,
      term.source,
      term.value,
    ]),
  };
}
