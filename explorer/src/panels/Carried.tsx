/** What carried it: heads and neurons, at once by what each adds, then by what switching it off does; and, where no
 * ledger stands beside it, that all parts add up. */

import { useSignal } from "@preact/signals";
import { usePage } from "../hooks/usePage";
import { useListed, useTested, useTests } from "../hooks/useTested";
import { type Carrier, carriersOf, firstOf, isCarrier, type Listed, listedOf } from "../lib/carried";
import { carriedFigure, carriedTable } from "../lib/figure/carried";
import { decimal, isolated, percent, scientific, seen, signed, told } from "../lib/format";
import { addsUp } from "../lib/ledger";
import { partKey } from "../lib/parts";
import type { Answer } from "../protocol/asks";
import type { ExplainPayload } from "../protocol/payloads";
import { Signed } from "../ui/Bar";
import { Exports } from "../ui/Exports";
import { Panel } from "../ui/Panel";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { Scroll } from "../ui/Table";
import { Term } from "../ui/Term";
import { ForeseenParts } from "./Inspector";

const FIRST = 6;
/** How near an end of the scale a mark hides what is written there. */
const NEAR = 0.2;
/** What a share in the last column is of. */
const SHARE = "How much of its effect is undone where that later part stays as it was; shares need not sum to 100%";

export function CarriedPanel({ besideLedger = false }: { besideLedger?: boolean }) {
  const page = usePage();
  const explained = page.explained.value;
  const answer = useTests();
  const tested = useTested();
  const listed = useListed();
  const all = useSignal(false);
  if (!explained) return null;
  const carriers = tested?.control ? carriersOf(tested) : [];
  const first = all.value ? carriers : firstOf(carriers, FIRST);
  const parts = tested?.control || !listed ? carriers : listedOf(listed);
  const shown = tested?.control ? first : all.value ? parts : parts.slice(0, FIRST);
  return (
    <Panel
      name="carried"
      title="What carried it"
      note={tested ? <RankedAmong tested={tested} /> : <BeforeTests failed={Boolean(answer?.error)} />}
    >
      <Status answer={answer} />
      {tested ? (
        <Exports
          name="carried"
          figure={(asked) => carriedFigure(tested, first, asked)}
          table={() => carriedTable(tested, carriers)}
          data={tested}
        />
      ) : null}
      {shown.length > 0 ? <Carriers explained={tested ?? explained} parts={shown} waiting={waiting(answer)} /> : null}
      <ForeseenParts parts={shown.slice(0, FIRST).map(({ part }) => part)} />
      {tested?.control ? <Limits control={tested.control} /> : null}
      {besideLedger ? null : <Sum explained={explained} />}
      <p class="controls end">
        {parts.length > FIRST ? (
          <button type="button" aria-pressed={all.value} onClick={() => (all.value = !all.value)}>
            {all.value ? "Fewer" : `All ${parts.length} that were ${tested ? "looked at" : "listed"}`}
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

/** What is told while no part was switched off yet. */
function BeforeTests({ failed }: { failed: boolean }) {
  return (
    <>What each adds, the largest first. {failed ? "None was switched off." : "Each is now being switched off …"}</>
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

/** Whether the tests may still come. */
function waiting(answer: Answer<unknown> | null): boolean {
  return answer !== null && !answer.result && !answer.error;
}

/** The table; of parts whose tests are not here, only what each adds. */
function Carriers(props: { explained: ExplainPayload; parts: readonly Listed[]; waiting: boolean }) {
  const { explained, parts } = props;
  const name = seen(explained.target.text.trim() || explained.target.text);
  const lead = explained.reference.kind === "versus";
  const before = lead ? explained.ledger.value : explained.target.probability;
  const left = (carrier: Carrier) => (lead ? before + carrier.effect.nats : carrier.probability);
  const ends = [before, ...parts.filter(isCarrier).map(left), 0];
  const [low, high] = lead ? [Math.min(...ends), Math.max(...ends)] : [0, 1];
  const fraction = (value: number) => (value - low) / Math.max(high - low, 1e-12);
  const place = (value: number) => `${100 * fraction(value)}%`;
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
              <span class="scale">
                {fraction(before) > NEAR ? <span class="low">{lead ? signed(low) : "0%"}</span> : null}
                {fraction(before) < 1 - NEAR ? <span class="high">{lead ? signed(high) : "100%"}</span> : null}
                <span class="mark-before" style={{ "--at": place(before) }}>
                  {lead ? signed(before) : percent(before)} with it
                </span>
              </span>
            </th>
            <th scope="col" class="number">
              with → without
            </th>
            <th scope="col">what it does here</th>
          </tr>
        </thead>
        <tbody>
          {parts.map((listed) => (
            <tr key={partKey(listed.part)}>
              <th scope="row">
                <PartButton part={listed.part} />
              </th>
              <td class="number wide-only">
                <Signed value={listed.credit} />
              </td>
              {isCarrier(listed) ? (
                <Outcome carrier={listed} before={before} after={left(listed)} lead={lead} place={place} />
              ) : (
                <>
                  <td class="wide-only bars-column" />
                  <td class="number">{props.waiting ? "…" : "not switched off"}</td>
                  <td>{isolated(listed.does)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** What switching a part off does: as a bar of what is left, in numbers and in words. */
function Outcome(props: {
  carrier: Carrier;
  before: number;
  after: number;
  lead: boolean;
  place: (value: number) => string;
}) {
  const { before, after, lead, place } = props;
  const { effect, says } = props.carrier;
  const texts = lead ? [signed(before), signed(after)] : told(before, after);
  const width = Math.abs(Number.parseFloat(place(after)) - Number.parseFloat(place(0)));
  return (
    <>
      <td class="wide-only bars-column">
        <span class={`left ${after > before ? "more" : "less"}`} aria-hidden="true">
          <i style={{ left: place(Math.min(after, 0)), width: `${width}%` }} />
          <b style={{ left: place(before) }} />
        </span>
      </td>
      <td class="number" title={`${decimal(effect.nats)} nats`}>
        {texts[0]} → {texts[1]}
      </td>
      <td>
        <span class={`tag ${says.kind.replace(" ", "-")}`}>
          {says.kind === "holds back" ? `holds it back, ${says.tag}` : says.tag}
        </span>{" "}
        <span title={props.carrier.through.length > 0 ? SHARE : undefined}>{isolated(says.does)}</span>
      </td>
    </>
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
        : `the model's own lead over ${seen(text ?? "")}`;
  return (
    <p class={holds ? "note" : "error"}>
      All {explained.ledger.terms.length} parts add up to <strong>{signed(sum)}</strong>, {what}
      {holds ? " ✓" : `, which is ${signed(explained.ledger.value)}`}{" "}
      <span class="small">(off by {scientific(error)})</span>
    </p>
  );
}
