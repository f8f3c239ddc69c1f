/** An intervention: the target before and after it, beside the control. */
import { useEffect } from "preact/hooks";
import { useAsk } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { testedFigure, testedTable } from "../lib/figure/amounts";
import { marked, percent, signed, told } from "../lib/format";
import type { Test } from "../page/state";
import type { TestPayload } from "../protocol/payloads";
import { Exports } from "./Exports";
import { Status } from "./Status";
import { Term } from "./Term";
import { TokenText } from "./Token";

/** The tests together, as one intervention; of another token than the explained one where `target` names it. `say` is
 * what was done, where the page says what came of it. */
export function Tested(props: { tests: Test[]; note: string; target?: number; say?: string }) {
  const page = usePage();
  const followed = page.followed();
  const swaps = props.tests.some((test) => test.how === "swap");
  const b = page.at.b.value;
  const missing = swaps && b === null;
  const answer = useAsk(
    followed && !missing
      ? {
          ask: "test" as const,
          ...followed,
          target: props.target ?? followed.target,
          tests: props.tests,
          ...(swaps ? { [`${page.beside()}_b`]: b } : {}),
        }
      : null,
  );
  const result = answer?.result ?? null;
  const explained = page.explained.value;
  const lead = props.target === undefined && explained?.reference.kind === "versus" ? explained.ledger.value : null;
  useEffect(() => {
    if (result && props.say) page.said.value = `${props.say}: ${fromTo(result, lead).join(" → ")}`;
  }, [result, props.say]);
  if (missing) return <p class="error">A swap takes its value from prompt B: write one in Compare.</p>;
  return (
    <>
      <Status answer={answer} />
      {result ? <BeforeAfter result={result} note={props.note} live={!props.say} lead={lead} /> : null}
    </>
  );
}

function BeforeAfter(props: { result: TestPayload; note: string; live: boolean; lead: number | null }) {
  const { result, note, live, lead } = props;
  const { target_before: before, target_after: after, effect, control } = result;
  const [from, to] = fromTo(result, lead);
  const made = usePage().explained.value;
  return (
    <div class="before-after has-exports" aria-live={live ? "polite" : "off"}>
      {made ? (
        <Exports
          name="test"
          figure={(asked) => testedFigure(result, made, asked)}
          table={() => testedTable(result)}
          data={result}
        />
      ) : null}
      <p class="big">
        {lead === null ? "" : "lead of "}
        <TokenText text={before.text} /> {from} → {to}
      </p>
      {lead === null ? null : <p class="note">Its probability: {fromTo(result, null).join(" → ")}</p>}
      <Scale before={before.probability} after={after.probability} limit={control?.limit ?? null} />
      <p class="note">
        With {note}: {signed(result.nats)} <Term name="nats" />. {compared(result)}{" "}
        {effect ? <strong>{marked(effect)}</strong> : null}
      </p>
      <p class="note">
        Then: <Tops tokens={result.after.slice(0, 3)} />
      </p>
    </div>
  );
}

/** The probability before and after, or the lead over the versus token in logits. */
function fromTo(result: TestPayload, lead: number | null): [string, string] {
  if (lead !== null) return [signed(lead), signed(lead + result.nats)];
  return told(result.target_before.probability, result.target_after.probability);
}

/** How the effect compares with what other parts do. */
function compared({ tests, effect, control }: TestPayload) {
  if (!effect || !control) return <>No control for this kind of test.</>;
  const others = tests.length > 1 ? "sets of as many random neurons of these layers" : "others of its kind";
  return (
    <>
      <Term name="control">Control</Term>: {effect.rank} of {effect.among} by size, beside {control.count} {others}
      {control.limit === null ? ", too few for a verdict." : "."}
    </>
  );
}

function Tops(props: { tokens: readonly { text: string; probability: number }[] }) {
  return (
    <>
      {props.tokens.map((token, place) => (
        <span key={place} class="chip">
          <TokenText text={token.text} /> <span class="small">{percent(token.probability)}</span>
        </span>
      ))}
    </>
  );
}

/** 0 to 100%: where the target was and is, and between which ends all but one in twenty of the others leave it. */
function Scale(props: { before: number; after: number; limit: number | null }) {
  const x = (probability: number) => 4 + probability * 192;
  const [low, high] = [-1, 1].map((sign) => x(shifted(props.before, sign * (props.limit ?? 0)))) as [number, number];
  return (
    <div class="scale small" aria-hidden="true">
      <svg viewBox="0 0 200 26" aria-hidden="true">
        <line x1={4} x2={196} y1={14} y2={14} class="axis" />
        {props.limit === null ? null : <rect x={low} y={7} width={Math.max(high - low, 1)} height={14} class="band" />}
        <line x1={x(props.before)} x2={x(props.after)} y1={14} y2={14} class="move" />
        <circle cx={x(props.before)} cy={14} r={4} class="before" />
        <circle cx={x(props.after)} cy={14} r={4} class="after" />
      </svg>
      <p class="ends">
        <span>0%</span>
        <span>100%</span>
      </p>
      <p>○ before, ● after{props.limit === null ? "" : "; grey: where 19 of 20 others leave it"}</p>
    </div>
  );
}

/** A probability with its log-odds moved by some nats. */
function shifted(probability: number, nats: number): number {
  const odds = probability * Math.exp(nats);
  return odds / (1 - probability + odds);
}
