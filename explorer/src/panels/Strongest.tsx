/** The heads and neurons that carry the prediction, each with what zeroing it does. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useAsk } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { testedAsk, useTested } from "../hooks/useTested";
import { percent, signed, visible } from "../lib/format";
import { headPart, nameOf, neuronPart, type Part, partKey } from "../lib/parts";
import type { Band, ExplainPayload, Token } from "../protocol/payloads";
import { Signed } from "../ui/Bar";
import { Outcome } from "../ui/Outcome";
import { Panel } from "../ui/Panel";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { Scroll } from "../ui/Table";
import { LookedAtChip, Tokens } from "../ui/Token";

const FIRST = 6;

export function StrongestPanel() {
  const page = usePage();
  const explained = page.explained.value;
  const answer = useAsk(testedAsk(page.followed()));
  const tested = useTested();
  const all = useSignal(false);
  if (!explained) return null;
  const limit = all.value ? Number.POSITIVE_INFINITY : FIRST;
  return (
    <Panel name="strongest" title="Heads and neurons" note={<Verdict tested={tested} />}>
      <Status answer={answer} />
      <Scroll label="The strongest, one a row">
        <table>
          <thead>
            <tr>
              <th scope="col">part</th>
              <th scope="col" class="number">
                credit
              </th>
              <th scope="col">looks at / activation</th>
              <th scope="col">zeroed here</th>
              <th scope="col">writes toward</th>
            </tr>
          </thead>
          <tbody>
            {explained.heads.slice(0, limit).map((head) => (
              <StrongRow
                key={partKey(headPart(head))}
                part={headPart(head)}
                value={head.value}
                reads={head.looks_at.slice(0, 2).map((at) => <LookedAtChip key={at.position} at={at} />)}
                toward={head.writes_toward}
              />
            ))}
            {explained.neurons.slice(0, limit).map((neuron) => (
              <StrongRow
                key={partKey(neuronPart(neuron))}
                part={neuronPart(neuron)}
                value={neuron.value}
                reads={signed(neuron.activation, 1)}
                toward={neuron.promotes}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
      {Math.max(explained.heads.length, explained.neurons.length) > FIRST ? (
        <button type="button" aria-pressed={all.value} onClick={() => (all.value = !all.value)}>
          Show all {explained.heads.length + explained.neurons.length}
        </button>
      ) : null}
      <p class="note">{controls(tested)}</p>
    </Panel>
  );
}

function StrongRow(props: { part: Part; value: number; reads: ComponentChildren; toward: readonly Token[] }) {
  return (
    <tr>
      <th scope="row">
        <PartButton part={props.part} />
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

/** The parts whose removal changes the answer, in one sentence. Credit is not cause. */
function Verdict({ tested }: { tested: ExplainPayload | null }) {
  if (!tested?.heads.some((head) => head.zeroed_probability != null))
    return <>Credit is not cause: each is zeroed to see what changes.</>;
  const heads = tested.heads.filter((head) => head.verdict === "causal" && head.zeroed_probability != null);
  const strongest = heads.sort((a, b) => (a.zeroed_probability ?? 1) - (b.zeroed_probability ?? 1))[0];
  if (!strongest) return <>No listed head alone moves the target beyond the control.</>;
  return (
    <>
      Without {nameOf(headPart(strongest))}, which looks at {visible(strongest.looks_at[0]?.text ?? "")}, the target
      goes from {percent(tested.target.probability)} to {percent(strongest.zeroed_probability ?? 0)}.
    </>
  );
}

function controls(tested: ExplainPayload | null): string {
  const band = (name: string, found: Band | null | undefined) =>
    found ? [`${found.count} ${name} at random: ${percent(found.low)} to ${percent(found.high)}`] : [];
  const both = [...band("heads", tested?.control?.heads), ...band("neurons", tested?.control?.neurons)];
  return both.length > 0 ? `Control (5th to 95th percentile) — ${both.join("; ")}.` : "";
}
