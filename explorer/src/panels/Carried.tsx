/** What carried it: the heads and neurons that were switched off one by one, by what that does; and, where no ledger
 * stands beside it, that all parts add up. */

import { useSignal } from "@preact/signals";
import { usePage } from "../hooks/usePage";
import { useTested, useTests } from "../hooks/useTested";
import { type Carrier, carriersOf, firstOf } from "../lib/carried";
import { carriedFigure, carriedTable } from "../lib/figure/carried";
import { decimal, percent, scientific, signed, told, visible } from "../lib/format";
import { addsUp } from "../lib/ledger";
import { partKey } from "../lib/parts";
import type { ExplainPayload } from "../protocol/payloads";
import { Signed } from "../ui/Bar";
import { Exports } from "../ui/Exports";
import { Panel } from "../ui/Panel";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { Scroll } from "../ui/Table";
import { Term } from "../ui/Term";

const FIRST = 6;

export function CarriedPanel({ besideLedger = false }: { besideLedger?: boolean }) {
  const page = usePage();
  const explained = page.explained.value;
  const answer = useTests();
  const tested = useTested();
  const all = useSignal(false);
  if (!explained) return null;
  const carriers = tested ? carriersOf(tested) : [];
  const shown = all.value ? carriers : firstOf(carriers, FIRST);
  return (
    <Panel
      name="carried"
      title="What carried it"
      note={tested ? <RankedAmong tested={tested} /> : answer?.error ? null : "Each part is being switched off …"}
    >
      <Status answer={answer} />
      {tested ? (
        <Exports
          name="carried"
          figure={(asked) => carriedFigure(tested, shown, asked)}
          table={() => carriedTable(tested, carriers)}
          data={tested}
        />
      ) : null}
      {tested?.control ? <Carriers tested={tested} carriers={shown} /> : null}
      {tested?.control ? <Limits control={tested.control} /> : null}
      {besideLedger ? null : <Sum explained={explained} />}
      <p class="controls end">
        {carriers.length > FIRST ? (
          <button type="button" aria-pressed={all.value} onClick={() => (all.value = !all.value)}>
            {all.value ? "Fewer" : `All ${carriers.length} that were looked at`}
          </button>
        ) : null}
        {besideLedger ? null : (
          <button type="button" onClick={() => page.go("parts")}>
            All parts
          </button>
        )}
      </p>
    </Panel>
  );
}

/** Where parts are switched off, and among how many each is ranked. */
function RankedAmong({ tested: { control } }: { tested: ExplainPayload }) {
  if (!control) return <>No part was switched off: this was made without its tests.</>;
  return (
    <>
      Each part alone <Term name="zeroed">set to zero</Term> where the question is asked
      {control.heads ? (
        <>
          , ranked among all {control.heads.count} <Term name="attention head">heads</Term>
        </>
      ) : null}
      {control.neurons ? (
        <>
          {control.heads ? " or " : ", ranked among "}
          {control.neurons.count} active <Term name="neuron">neurons</Term>
        </>
      ) : null}
      .
    </>
  );
}

function Carriers({ tested, carriers }: { tested: ExplainPayload; carriers: Carrier[] }) {
  const name = visible(tested.target.text.trim() || tested.target.text);
  const lead = tested.reference.kind === "versus";
  const before = lead ? tested.ledger.value : tested.target.probability;
  const afters = carriers.map((carrier) => (lead ? before + carrier.effect.nats : carrier.probability));
  const high = lead ? Math.max(before, ...afters, 0) : 1;
  const low = lead ? Math.min(before, ...afters, 0) : 0;
  const place = (value: number) => `${(100 * (value - low)) / Math.max(high - low, 1e-12)}%`;
  return (
    <Scroll label="Heads and neurons, one a row">
      <table>
        <thead>
          <tr>
            <th scope="col">part</th>
            <th
              scope="col"
              class="number wide-only"
              title="What it writes toward what is explained, directly: its row of the ledger"
            >
              adds, <Term name="logit">logits</Term>
            </th>
            <th scope="col" class="without-column wide-only bars-column">
              {lead ? `lead of ${name} without it` : `${name} without it`}
              <span class="mark-before" style={{ left: place(before) }}>
                {lead ? signed(before) : percent(before)} with it
              </span>
            </th>
            <th scope="col" class="number">
              with → without
            </th>
            <th scope="col">what it does here</th>
          </tr>
        </thead>
        <tbody>
          {carriers.map((carrier, row) => {
            const after = afters[row] ?? 0;
            const texts = lead ? [signed(before), signed(after)] : told(before, after);
            return (
              <tr key={partKey(carrier.part)}>
                <th scope="row">
                  <PartButton part={carrier.part} />
                </th>
                <td class="number wide-only">
                  <Signed value={carrier.credit} />
                </td>
                <td class="wide-only bars-column">
                  <span class={`left ${after > before ? "more" : "less"}`} aria-hidden="true">
                    <i
                      style={{
                        left: place(Math.min(after, 0)),
                        width: `${(100 * Math.abs(after)) / Math.max(high - low, 1e-12)}%`,
                      }}
                    />
                    <b style={{ left: place(before) }} />
                  </span>
                </td>
                <td class="number" title={`${decimal(carrier.effect.nats)} nats`}>
                  {texts[0]} → {texts[1]}
                </td>
                <td>
                  <span class={`tag ${carrier.says.kind.replace(" ", "-")}`}>
                    {carrier.says.kind === "holds back" ? `holds it back, ${carrier.says.tag}` : carrier.says.tag}
                  </span>{" "}
                  {carrier.says.does}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

/** How large an effect other parts of a kind reach: what the words in the table are held against. */
function Limits({ control }: { control: NonNullable<ExplainPayload["control"]> }) {
  const limits = (["heads", "neurons"] as const).flatMap((kind) => {
    const limit = control[kind]?.limit ?? null;
    return limit === null ? [] : [{ kind, moves: decimal(limit) }];
  });
  const [first, second] = limits;
  if (!first) return null;
  return (
    <p class="small">
      Of the {first.kind}, one in twenty moves it by {first.moves} <Term name="nats" /> or more
      {second ? `; of the ${second.kind}, by ${second.moves}` : ""}.
    </p>
  );
}

/** The ledger's total in a line. */
function Sum({ explained }: { explained: ExplainPayload }) {
  const { sum, error, holds } = addsUp(explained.ledger);
  const { kind, text } = explained.reference;
  const what =
    kind === "mean"
      ? "the model's own logit above the mean of the vocabulary"
      : kind === "raw"
        ? "the model's own logit"
        : `the model's own lead over ${visible(text ?? "")}`;
  return (
    <p class={holds ? "note" : "error"}>
      All {explained.ledger.terms.length} parts add up to <strong>{signed(sum)}</strong>, {what}
      {holds ? " ✓" : `, which is ${signed(explained.ledger.value)}`}{" "}
      <span class="small">(off by {scientific(error)})</span>
    </p>
  );
}
