/** The selected part: what it looks at, what it writes toward, and what changes without it. */
import type { ComponentChildren } from "preact";
import { useForeseen, useLatest } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { signed } from "../lib/format";
import { nameOf, nameOfTerm, type Part, partOf, samePart, sublayerOf } from "../lib/parts";
import { given } from "../page/page";
import { HOWS, type How } from "../page/state";
import type { Reading } from "../protocol/payloads";
import { Panel } from "../ui/Panel";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { Term } from "../ui/Term";
import { Tested } from "../ui/Tested";
import { LookedAtChip, Tokens, TokenText } from "../ui/Token";

const MEANING: Record<How, string> = {
  zero: "its output set to zero",
  double: "its output doubled",
  mean: "its output set to its mean",
  swap: "its output taken from B",
};

const DONE: Record<How, string> = { zero: "zeroed", double: "doubled", mean: "at its mean", swap: "taken from B" };

export function InspectorPanel() {
  const page = usePage();
  const selection = page.at.selection.value;
  const { answer, result, stale } = useLatest(selection && page.inspectAsk(selection));
  if (!page.explained.value) return null;
  if (!selection)
    return (
      <Panel name="inspector" title="Inspector" note="Select a sublayer, head or neuron anywhere to see what it does.">
        {null}
      </Panel>
    );
  return (
    <Panel name="inspector" title={`Inspector: ${nameOf(selection)}`}>
      <button type="button" class="close" aria-label="Select nothing" onClick={() => page.select(null)}>
        ×
      </button>
      <TestBox />
      <Status answer={answer} />
      {result && samePart(result.part, selection) ? (
        <dl class={stale ? "stale" : ""}>
          {selection.encoder ? (
            <Fact name="inside the encoder">
              <span class="small">
                at every position of the source; credit is what it carries on through cross-attention, patterns frozen
              </span>
            </Fact>
          ) : null}
          {result.value === null ? null : <Fact name={<Term name="credit" />}>{signed(result.value)} logits</Fact>}
          {result.activation === null ? null : (
            <Fact name={<Term name="activation" />}>{signed(result.activation, 2)}</Fact>
          )}
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
    </Panel>
  );
}

/** Asks ahead what is told of some parts where they are selected. */
export function ForeseenParts({ parts }: { parts: readonly Part[] }) {
  const page = usePage();
  useForeseen(parts.flatMap((part) => page.inspectAsk(part) ?? []));
  return null;
}

/** Asks ahead what is told of the part under the pointer or with the focus. */
export function ForeseenPart() {
  const hovered = usePage().hovered.value;
  return <ForeseenParts parts={hovered ? [hovered] : []} />;
}

function Fact(props: { name: ComponentChildren; children: ComponentChildren }) {
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
        <button type="button" onClick={() => page.pin()}>
          Pin <kbd>p</kbd>
        </button>
      </p>
      {test ? (
        <Tested
          tests={[{ part: selection, how: test }]}
          note={MEANING[test]}
          say={`${nameOf(selection)} ${DONE[test]}`}
        />
      ) : null}
    </fieldset>
  );
}
