/** What carried it: each part switched off alone, as a bar of what is left, with what it adds and what it does. */
import type { ExplainPayload } from "../../protocol/payloads";
import type { Carrier } from "../carried";
import { percent, signed, told } from "../format";
import { nameOf } from "../parts";
import { type Axis, barChart, probabilityAxis, signedAxis } from "./bars";
import { type Asked, type Figure, figure } from "./figure";
import { named, targetOf } from "./said";
import { PAGE } from "./svg";
import type { Table } from "./table";

export function carriedFigure(tested: ExplainPayload, carriers: readonly Carrier[], asked: Asked): Figure {
  const name = `“${named(tested.target.text)}”`;
  const lead = tested.reference.kind === "versus";
  const before = lead ? tested.ledger.value : tested.target.probability;
  const afters = carriers.map((carrier) => (lead ? before + carrier.effect.nats : carrier.probability));
  const axis: Axis = lead
    ? signedAxis([before, ...afters], `lead of ${name} with the part set to zero, logits`, (value) => signed(value, 1))
    : probabilityAxis(`probability of ${name} with the part set to zero`);
  const rows = carriers.map((carrier, place) => {
    const after = afters[place] ?? 0;
    const texts = lead ? [signed(before), signed(after)] : told(before, after);
    const { says } = carrier;
    const tag = says.kind === "holds back" ? `holds it back, ${says.tag}` : says.tag;
    return {
      name: nameOf(carrier.part),
      value: after,
      number: lead ? signed(after) : (texts[1] ?? ""),
      notes: [signed(carrier.credit), `${texts[0]} → ${texts[1]}`, [tag, says.does].filter(Boolean).join("; ")],
    };
  });
  const chart = barChart(PAGE, {
    rows,
    axis,
    head: "part",
    mark: { value: before, label: `${lead ? signed(before) : percent(before)} with all parts` },
    notes: [
      { width: 42, head: "adds, logits" },
      { width: 70, head: "with → without" },
      { width: 186, head: "what it does here" },
    ],
    amounts: !lead,
  });
  const { control } = tested;
  const among = [
    control?.heads ? `all ${control.heads.count} heads` : "",
    control?.neurons ? `${control.neurons.count} active neurons` : "",
  ].filter(Boolean);
  const ranked = among.length > 0 ? `, ranked among ${among.join(" and ")}` : "";
  return figure(PAGE, [chart], {
    shows: `Parts switched off one by one: each is set to zero alone, where ${name} is predicted${ranked}. “Adds” is what the part writes toward ${name} directly.`,
    made: tested,
    asked,
    about: targetOf(tested.target),
  });
}

export function carriedTable(tested: ExplainPayload, carriers: readonly Carrier[]): Table {
  return {
    head: [
      "part",
      "credit_logits",
      "probability",
      "probability_without",
      "effect_nats",
      "effect_of",
      "rank",
      "among",
      "size",
      "verdict",
    ],
    rows: carriers.map(({ part, credit, effect, probability, difference }) => [
      nameOf(part),
      credit,
      tested.target.probability,
      probability,
      effect.nats,
      difference ? "logit difference" : "log-odds",
      effect.rank,
      effect.among,
      effect.size,
      effect.verdict,
    ]),
  };
}
