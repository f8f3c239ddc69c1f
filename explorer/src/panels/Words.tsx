/** The prompt as text, each word coloured by what taking it away does; below it what the model says, and could say. */

import { useSignal } from "@preact/signals";
import { Fragment } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useForeseen } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { useTested, useTests } from "../hooks/useTested";
import { inkOn, signColour } from "../lib/colours";
import { wordsFigure, wordsTable } from "../lib/figure/words";
import { bareBeside, isolated, percent, seen, signed, told } from "../lib/format";
import { headPart } from "../lib/parts";

import {
  counts,
  kindOf,
  largestOf,
  leftOf,
  nameOfUnit,
  restsThere,
  type Stretch,
  stretchesOf,
  stretchesOfText,
  strongestOf,
} from "../lib/words";

import { choosing } from "../page/state";
import type { ExplainPayload, UnitWithout, Zeroed } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { PartButton } from "../ui/PartButton";
import { Term } from "../ui/Term";

const OTHERS = 5;
/** Words above which the text is set smaller. */
const LONG = 40;

export function WordsPanel() {
  const page = usePage();
  const explained = page.explained.value;
  const tested = useTested();
  const answer = useTests();
  const hovered = useSignal<UnitWithout | null>(null);
  if (!explained) return null;
  const units = tested?.words?.units ?? [];
  const chosen = units.find((unit) => unit.positions[0] === page.at.word.value) ?? null;
  const over = units.find((unit) => unit === hovered.value) ?? null;
  const told = over ?? chosen ?? strongestOf(units);
  return (
    <section class="panel panel-words" aria-label="The prompt and the answer">
      {tested ? (
        <Exports
          name="words"
          figure={(asked) => wordsFigure(tested, asked)}
          table={() => wordsTable(tested)}
          data={tested}
        />
      ) : null}
      <Text explained={explained} units={units} onHover={(unit) => (hovered.value = unit)} />
      <Alternatives explained={explained} />
      {told ? <Without unit={told} explained={explained} tested={tested} /> : null}
      <Key explained={explained} tested={tested} failed={Boolean(answer?.error)} />
      {explained.notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
    </section>
  );
}

function Text(props: {
  explained: ExplainPayload;
  units: readonly UnitWithout[];
  onHover: (unit: UnitWithout | null) => void;
}) {
  const page = usePage();
  const { explained, units } = props;
  const { target } = explained;
  const largest = largestOf(units);
  const source = page.answered.value?.source ?? null;
  const ofSource = page.reads() === "text" && source !== null && units.length > 0;
  const stretches = ofSource ? stretchesOfText(source, units) : stretchesOf(explained, units);
  const chat = stretches.some((stretch) => stretch.role !== null);
  const shown = stretches.filter((stretch) => stretch.role !== "template");
  const long = shown.length > LONG || explained.tokens.length > 4 * LONG;
  const text = useRef<HTMLDivElement>(null);
  // Of a long prompt the end, where the question is asked, is in sight.
  useLayoutEffect(() => {
    if (long && text.current) text.current.scrollTop = text.current.scrollHeight;
  }, [long, explained, units.length]);
  return (
    <div ref={text} class={long ? "text long" : "text"} dir="auto">
      {shown.map((stretch, place) => {
        const opens = chat && stretch.role !== null && stretch.role !== (shown[place - 1]?.role ?? null);
        return (
          <Fragment key={place}>
            {opens ? <span class="turn">{stretch.role}</span> : <Space text={place === 0 ? "" : stretch.before} />}
            <Word stretch={stretch} largest={largest} explained={explained} onHover={props.onHover} />
          </Fragment>
        );
      })}
      <span class="answer">
        <span class="arrow" aria-hidden="true">
          →
        </span>
        <button
          type="button"
          class="said"
          title="What the model says here; choose it to see how the parts add up to it"
          onClick={() => page.go("parts")}
        >
          <bdi class="token-text">{nameIn(explained, target.text)}</bdi>{" "}
          <span class="small">{percent(target.probability)}</span>
        </button>
      </span>
    </div>
  );
}

/** White space as it is written: line breaks break. */
function Space({ text }: { text: string }) {
  const lines = text.split("\n").length - 1;
  return lines > 0 ? (
    <>
      <span class="small">{"↵".repeat(lines)}</span>
      <br />
    </>
  ) : (
    <span>{text === "" ? "" : " "}</span>
  );
}

function Word(props: {
  stretch: Stretch;
  largest: number;
  explained: ExplainPayload;
  onHover: (unit: UnitWithout | null) => void;
}) {
  const page = usePage();
  const { stretch, explained, largest } = props;
  const { unit } = stretch;
  if (!unit) return <span class="unread">{stretch.text}</span>;
  const rests = restsThere(unit);
  const colour = counts(unit) && largest > 0 ? signColour((0.75 * unit.effect) / largest, 1) : null;
  const style = colour ? { background: colour, color: inkOn(colour) } : {};
  return (
    <button
      type="button"
      class={`word${rests ? " rests" : unit.mark === "last" ? " last" : ""}`}
      title={withoutText(unit, explained)}
      aria-pressed={page.at.word.value !== null && unit.positions[0] === page.at.word.value}
      onClick={() => page.set({ word: unit.positions[0] ?? null })}
      onMouseEnter={() => props.onHover(unit)}
      onMouseLeave={() => props.onHover(null)}
      onFocus={() => props.onHover(unit)}
      onBlur={() => props.onHover(null)}
    >
      <span class="word-text" style={style}>
        {stretch.text.trim() === "" ? seen(stretch.text) : stretch.text}
      </span>
      <small>{unit.mark === "last" ? "asked here" : leftOf(unit, explained)}</small>
      {rests ? <small class="uncounted">not counted</small> : null}
    </button>
  );
}

/** "Without France alone: Paris 77.3% → 0.2%", or its lead over another token. */
function withoutText(unit: UnitWithout, explained: ExplainPayload): string {
  const { target, reference, ledger } = explained;
  const lead = unit.difference_without !== null && reference.kind === "versus";
  const [before, after] = lead
    ? [signed(ledger.value), `${signed(unit.difference_without ?? 0)} logits`]
    : told(target.probability, unit.probability_without);
  const what = lead
    ? `the lead of ${nameIn(explained, target.text)} over ${nameIn(explained, reference.text ?? "")}`
    : nameIn(explained, target.text);
  return isolated(`Without ${nameOfUnit(unit, explained.tokens)} alone: ${what} ${before} → ${after}`);
}

/** The chosen word: before and after, what is said instead, who reads it, and what its tokens lead to. */
function Without(props: { unit: UnitWithout; explained: ExplainPayload; tested: ExplainPayload | null }) {
  const page = usePage();
  const { unit, explained, tested } = props;
  const { instead } = unit;
  const ofSource = page.reads() !== null;
  const readers = (tested?.heads ?? []).filter((head) =>
    head.looks_at.some((at) => head.cross === ofSource && unit.positions.includes(at.position) && at.attention >= 0.25),
  );
  const causal = readers.filter(({ zeroed }) => matters(zeroed)).slice(0, 4);
  const token = ofSource ? undefined : explained.tokens[unit.positions.at(-1) ?? -1];
  return (
    <p class="without" aria-live="polite">
      <strong>{withoutText(unit, explained)}</strong>
      {unit.difference_without === null ? (
        <span class="small">
          {" "}
          ({signed(-unit.effect)} <Term name="nats" />)
        </span>
      ) : null}
      {unit.mark === "last" ? ". The question is asked here, so without it another question is asked." : null}
      {restsThere(unit)
        ? ". Any text loses about as much without its first word: many heads rest there, whatever it says. So it is not counted."
        : null}
      {instead.id === explained.predictions[0]?.id ? ". It still says " : ". It says "}
      <bdi class="token-text">{nameIn(explained, instead.text)}</bdi>{" "}
      <span class="small">{percent(instead.probability)}</span>
      {instead.id === explained.predictions[0]?.id ? "." : " instead."}{" "}
      {causal.length > 0 ? (
        <>
          Read by{" "}
          {causal.map((head) => (
            <Fragment key={`${head.layer} ${head.head}`}>
              <PartButton part={headPart(head)} />{" "}
            </Fragment>
          ))}
        </>
      ) : null}
      {token && token.position !== explained.position && page.data.host !== "report" ? (
        <button type="button" onClick={() => page.set({ position: token.position, target: null, word: null })}>
          What {explained.model.bidirectional ? "stands at" : "follows"} {isolated(nameOfUnit(unit, explained.tokens))}?
        </button>
      ) : null}
    </p>
  );
}

/** Whether switching a part off does something that other parts do not do as well. */
function matters(zeroed: Zeroed | null | undefined): boolean {
  const effect = zeroed && (zeroed.difference ?? zeroed.effect);
  return Boolean(effect && effect.size !== "none" && effect.verdict !== "ordinary");
}

/** A token's name beside the others that the panel names. */
function nameIn({ target, predictions, reference }: ExplainPayload, text: string): string {
  const others = predictions.slice(0, OTHERS + 1).map((token) => token.text);
  return bareBeside(text, [target.text, ...others, ...(reference.text === null ? [] : [reference.text])]);
}

/** The other tokens that it could have said, to choose, and to compare with. */
function Alternatives({ explained }: { explained: ExplainPayload }) {
  const page = usePage();
  const others = explained.predictions.filter((token) => token.id !== explained.target.id).slice(0, OTHERS);
  const vs = page.at.vs.value;
  const still = page.data.host === "report";
  const named = others.filter((token) => !token.text.includes("\ufffd") && token.text !== "");
  useForeseen(
    page.asksOf(...others.map((token) => choosing(token, vs)), ...named.map((token) => ({ vs: token.text }))),
  );
  return (
    <p class="alternatives">
      <span>or</span>
      {others.map((token) => (
        <button
          key={token.id}
          type="button"
          class="alternative"
          disabled={still}
          title="Explain this token"
          onClick={() => page.set(choosing(token, vs))}
          onMouseEnter={() => page.foresee(choosing(token, vs))}
          onFocus={() => page.foresee(choosing(token, vs))}
        >
          <bdi class="token-text">{nameIn(explained, token.text)}</bdi>{" "}
          <span class="small">{percent(token.probability)}</span>
        </button>
      ))}
      <label class="compare-with">
        <span class="hidden">Compare with</span>
        <select
          value={vs ?? ""}
          disabled={still}
          onChange={(event) => page.set({ vs: event.currentTarget.value || null })}
        >
          <option value="">{vs === null ? "compare with …" : "compare with nothing"}</option>
          {vs === null || others.some((token) => token.text === vs) ? null : (
            <option value={vs}>against {seen(vs)}</option>
          )}
          {named.map((token) => (
            <option key={token.id} value={token.text}>
              against {seen(token.text)}
            </option>
          ))}
        </select>
      </label>
    </p>
  );
}

/** What the colours and the numbers under the words mean. */
function Key(props: { explained: ExplainPayload; tested: ExplainPayload | null; failed: boolean }) {
  const { explained, tested } = props;
  const words = tested?.words;
  if (!tested) return props.failed ? null : <p class="key">Each word is being taken away, to see what is left …</p>;
  if (!words)
    return (
      <p class="key">
        {tested.control
          ? "No word can be taken away here."
          : "No word was taken away: this was made without its tests."}
      </p>
    );
  const name = isolated(nameIn(explained, explained.target.text));
  const left = explained.reference.kind === "versus" ? `the lead of ${name}, in logits,` : `the probability of ${name}`;
  const first = words.units.some(restsThere);
  return (
    <p class="key">
      Under each {kindOf(words)}: {left} when that {kindOf(words)} alone is{" "}
      {words.how === "mask" ? "hidden" : "deleted"}. <span class="swatch falls" aria-hidden="true" /> ↓ it falls,{" "}
      <span class="swatch rises" aria-hidden="true" /> ↑ it rises.
      {first ? (
        <>
          {" "}
          <span class="swatch dashed" aria-hidden="true" /> The first {kindOf(words)} is not counted: any text loses
          about as much without its first, since many heads rest there whatever it says (an{" "}
          <Term name="attention sink" />
          ).
        </>
      ) : null}{" "}
      Choose one to see more.
    </p>
  );
}
