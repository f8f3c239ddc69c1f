/** The selected part: what it looks at, what it writes toward, and what changes without it. */
import type { ComponentChildren } from "preact";
import { nameOf, nameOfTerm, partOf, percent, signed } from "../lib/format";
import { given, useAsk, useLatest, usePage } from "../page/page";
import { HOWS, type How, type Part, samePart, sublayerOf, type Test } from "../page/state";
import type { Reading, TestPayload } from "../protocol/payloads";
import { LookedAtChip, Panel, PartButton, Status, Tokens, TokenText } from "../ui/parts";

const MEANING: Record<How, string> = {
  zero: "its output set to zero",
  double: "its output doubled",
  mean: "its output set to its mean",
  swap: "its output taken from B",
};

export function InspectorPanel() {
  const page = usePage();
  const { selection } = page.state.value;
  const followed = page.followed();
  const { answer, result, stale } = useLatest(
    followed && selection ? { ask: "inspect" as const, ...followed, part: selection } : null,
  );
  if (!page.explained.value) return null;
  if (!selection)
    return (
      <Panel name="inspector" title="Inspector" note="Select a sublayer, head or neuron anywhere to see what it does.">
        {null}
      </Panel>
    );
  return (
    <Panel name="inspector" title={`Inspector: ${nameOf(selection)}`}>
      <Status answer={answer} />
      {result && samePart(result.part, selection) ? (
        <dl class={stale ? "stale" : ""}>
          {result.value === null ? null : <Fact name="credit">{signed(result.value)} logits</Fact>}
          {result.activation === null ? null : <Fact name="activation">{signed(result.activation, 2)}</Fact>}
          {result.looks_at.length === 0 ? null : (
            <Fact name="looks at">
              {result.looks_at.map((at) => (
                <LookedAtChip key={at.position} at={at} />
              ))}
            </Fact>
          )}
          <TokenFact name="writes toward" tokens={result.promotes} />
          <TokenFact name="writes away from" tokens={result.suppresses} />
          <AllReads part={selection} />
        </dl>
      ) : null}
      <TestBox />
    </Panel>
  );
}

function Fact(props: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

const READS: Record<Reading["what"], string> = {
  "pre-activation": "reads",
  gate: "reads: gate",
  up: "reads: up",
  query: "reads: query",
  key: "reads: key",
};

/** Asked by itself: a head's takes longer than all else that is told of it. */
function AllReads({ part }: { part: Part }) {
  const page = usePage();
  const followed = page.followed();
  const { answer, result, stale } = useLatest(
    followed && sublayerOf(part) !== part.kind && page.reads() === null
      ? { ask: "reads" as const, ...given({ prompt: followed.prompt, position: followed.position }), part }
      : null,
  );
  if (answer?.error)
    return (
      <Fact name="reads">
        <Status answer={answer} />
      </Fact>
    );
  if (!result || stale || !samePart(result.part, part)) return null;
  return (
    <>
      {result.reads.map((reading) => (
        <Reads key={reading.what} reading={reading} />
      ))}
    </>
  );
}

/** A number that the part computes of the stream, and the terms that sum to it. */
function Reads({ reading }: { reading: Reading }) {
  const { what, value, terms, others, source } = reading;
  return (
    <Fact name={READS[what]}>
      <span class="small">
        {source ? "score" : what} {signed(value)}
        {source ? (
          <>
            {" "}
            toward <TokenText text={source.text} />
          </>
        ) : null}{" "}
        ={" "}
      </span>
      {terms.map((term) => (
        <ReadChip key={nameOfTerm(term.part)} term={term} />
      ))}
      {others.count > 0 ? (
        <span class="chip">
          {others.count} others (net) <span class="small">{signed(others.value)}</span>
        </span>
      ) : null}
    </Fact>
  );
}

function ReadChip({ term }: { term: Reading["terms"][number] }) {
  const part = partOf(term.part);
  return (
    <span class="chip">
      {part ? <PartButton part={part} /> : nameOfTerm(term.part)} <span class="small">{signed(term.value)}</span>
    </span>
  );
}

function TokenFact(props: { name: string; tokens: readonly { text: string }[] }) {
  return props.tokens.length === 0 ? null : (
    <Fact name={props.name}>
      <Tokens tokens={props.tokens} />
    </Fact>
  );
}

/** Zero, double, mean or swap, and what it does to the prediction. */
function TestBox() {
  const page = usePage();
  const { selection, test, b } = page.state.value;
  if (!selection) return null;
  return (
    <fieldset class="test">
      <legend>
        Test <kbd>t</kbd>
      </legend>
      <p class="controls">
        {HOWS.map((how) => (
          <button
            key={how}
            type="button"
            aria-pressed={test === how}
            disabled={how === "swap" && b === null}
            title={how === "swap" && b === null ? "Open B first" : MEANING[how]}
            onClick={() => page.set({ test: test === how ? null : how })}
          >
            {how}
          </button>
        ))}
        <button type="button" onClick={() => pin(page)}>
          Pin <kbd>p</kbd>
        </button>
      </p>
      {test ? <Tested tests={[{ part: selection, how: test }]} note={MEANING[test]} /> : null}
    </fieldset>
  );
}

/** Keeps the test of the selection, beside those that are kept already. */
export function pin(page: ReturnType<typeof usePage>): void {
  const { selection, test, pins } = page.state.value;
  if (!selection) return;
  const others = pins.filter((each) => !samePart(each.part, selection));
  page.set({ pins: [...others, { part: selection, how: test ?? "zero" }] });
  page.said.value = `Pinned ${nameOf(selection)}.`;
}

/** The tests together, as one intervention; of another token than the explained one where `target` names it. */
export function Tested(props: { tests: Test[]; note: string; target?: number }) {
  const page = usePage();
  const followed = page.followed();
  const swaps = props.tests.some((test) => test.how === "swap");
  const { b } = page.state.value;
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
  if (missing) return <p class="error">A swap takes its value from B: open it with A | B.</p>;
  return (
    <>
      <Status answer={answer} />
      {answer?.result ? <BeforeAfter result={answer.result} note={props.note} /> : null}
    </>
  );
}

function BeforeAfter({ result, note }: { result: TestPayload; note: string }) {
  const { target_before: before, target_after: after, control } = result;
  return (
    <div class="before-after" aria-live="polite">
      <p class="big">
        <TokenText text={before.text} /> {percent(before.probability)} → {percent(after.probability)}
      </p>
      <Scale before={before.probability} after={after.probability} band={control} />
      <p class="note">
        With {note}.{" "}
        {control
          ? `Control: ${control.count} ${result.tests.length > 1 ? "sets of as many random neurons of these layers" : "parts at random"}, ${percent(control.low)} to ${percent(control.high)}.`
          : "No control for this kind of test."}{" "}
        {result.verdict ? (
          <strong>
            {result.verdict === "within control" ? "○" : "●"} {result.verdict}
          </strong>
        ) : null}
      </p>
      <p class="note">
        Then: <Tops tokens={result.after.slice(0, 3)} />
      </p>
    </div>
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

/** 0 to 100 %, with the control band, and where the target was and is. */
function Scale(props: { before: number; after: number; band: { low: number; high: number } | null }) {
  const x = (probability: number) => 4 + probability * 192;
  return (
    <svg class="scale" viewBox="0 0 200 26" aria-hidden="true">
      <line x1={4} x2={196} y1={14} y2={14} class="axis" />
      {props.band ? (
        <rect
          x={x(props.band.low)}
          y={7}
          width={Math.max(x(props.band.high) - x(props.band.low), 1)}
          height={14}
          class="band"
        />
      ) : null}
      <line x1={x(props.before)} x2={x(props.after)} y1={14} y2={14} class="move" />
      <circle cx={x(props.before)} cy={14} r={4} class="before" />
      <circle cx={x(props.after)} cy={14} r={4} class="after" />
    </svg>
  );
}
