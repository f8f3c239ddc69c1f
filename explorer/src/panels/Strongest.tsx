/** The heads and neurons that carry the prediction, each with what zeroing it does. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { usePage } from "../hooks/usePage";
import { useTested, useTests } from "../hooks/useTested";
import { carriersOf } from "../lib/carried";
import { carriedFigure, carriedTable } from "../lib/figure/carried";
import { decimal, signed } from "../lib/format";
import { headPart, neuronPart, type Part, partKey } from "../lib/parts";
import type { Crowd, ExplainPayload, Token } from "../protocol/payloads";
import { Signed } from "../ui/Bar";
import { Exports } from "../ui/Exports";
import { Outcome } from "../ui/Outcome";
import { Panel } from "../ui/Panel";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { Scroll } from "../ui/Table";
import { Term } from "../ui/Term";
import { LookedAtChip, Tokens } from "../ui/Token";

const FIRST = 6;

export function StrongestPanel() {
  const page = usePage();
  const explained = page.explained.value;
  const answer = useTests();
  const tested = useTested();
  const all = useSignal(false);
  if (!explained) return null;
  const { heads, neurons } = tested ?? explained;
  const listed = heads.length + neurons.length > 0;
  const limit = all.value ? Number.POSITIVE_INFINITY : FIRST;
  return (
    <Panel
      name="strongest"
      title={
        <>
          <Term name="attention head">Heads</Term> and <Term name="neuron">neurons</Term>
        </>
      }
      note={tested ? tested.answer.text : "Credit is not cause: each is zeroed to see what changes."}
    >
      <Status answer={answer} />
      {tested ? (
        <Exports
          name="parts"
          figure={(asked) => carriedFigure(tested, carriersOf(tested), asked)}
          table={() => carriedTable(tested, carriersOf(tested))}
          data={tested}
        />
      ) : null}
      {listed ? (
        <Scroll label="The strongest, one a row">
          <table>
            <thead>
              <tr>
                <th scope="col">part</th>
                <th scope="col" class="number">
                  <Term name="credit" />
                </th>
                <th scope="col">looks at / activation</th>
                <th scope="col">with → without it</th>
                <th scope="col">writes toward</th>
              </tr>
            </thead>
            <tbody>
              {heads.slice(0, limit).map((head) => (
                <StrongRow
                  key={partKey(headPart(head))}
                  part={headPart(head)}
                  value={head.value}
                  shownFor={tested ? head.shown_for : []}
                  reads={head.looks_at.slice(0, 2).map((at) => <LookedAtChip key={at.position} at={at} />)}
                  toward={head.writes_toward}
                />
              ))}
              {neurons.slice(0, limit).map((neuron) => (
                <StrongRow
                  key={partKey(neuronPart(neuron))}
                  part={neuronPart(neuron)}
                  value={neuron.value}
                  shownFor={tested ? neuron.shown_for : []}
                  reads={signed(neuron.activation, 1)}
                  toward={neuron.promotes}
                />
              ))}
            </tbody>
          </table>
        </Scroll>
      ) : null}
      {Math.max(heads.length, neurons.length) > FIRST ? (
        <button type="button" aria-pressed={all.value} onClick={() => (all.value = !all.value)}>
          {all.value ? "Show the first" : `Show all ${heads.length + neurons.length}`}
        </button>
      ) : null}
      <p class="note">
        An effect is large from 1 <Term name="nats">nat</Term>, moderate from 0.3, small from 0.1;{" "}
        <Term name="causal">causal</Term> where the target falls without the part, <Term name="suppressor" /> where it
        rises, ○ ordinary where other parts of the kind do as much.
      </p>
      <p class="note">
        {tested ? (
          <>
            <Term name="control">Control</Term>: {controls(tested)}
          </>
        ) : (
          "\u00a0"
        )}
      </p>
    </Panel>
  );
}

interface StrongProps {
  part: Part;
  value: number;
  /** Why it is listed; empty before the tests, when all are for their credit. */
  shownFor: readonly string[];
  reads: ComponentChildren;
  toward: readonly Token[];
}

function StrongRow(props: StrongProps) {
  return (
    <tr>
      <th scope="row">
        <PartButton part={props.part} /> <span class="small shown-for">{props.shownFor.join(", ")}</span>
      </th>
      <td class="number">
        <Signed value={props.value} />
      </td>
      <td>{props.reads}</td>
      <td>
        <Outcome part={props.part} />
      </td>
      <td>
        <Tokens tokens={props.toward.slice(0, 3)} />
      </td>
    </tr>
  );
}

/** What the parts are compared with. */
function controls(tested: ExplainPayload | null): string {
  const crowds = [
    ["every head", tested?.control?.heads],
    ["active or credited neurons", tested?.control?.neurons],
  ] as const;
  const said = crowds.flatMap(([name, crowd]) => (crowd ? [`${name} (${crowd.count}): ${reached(crowd)}`] : []));
  return said.length > 0 ? `Zeroed one by one: ${said.join("; ")}.` : "";
}

function reached({ limit }: Crowd): string {
  return limit === null ? "too few for a verdict by rank" : `one in twenty reaches ${decimal(limit)} nats`;
}
