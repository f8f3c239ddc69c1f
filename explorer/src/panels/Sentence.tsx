/** The sentence that opens the page: what the model says, which words it needs, and which part carried it. */
import { usePage } from "../hooks/usePage";
import { useTests } from "../hooks/useTested";
import { partOfName } from "../lib/parts";
import type { Span, UnitWithout } from "../protocol/payloads";
import { PartButton } from "../ui/PartButton";

/** Until parts are zeroed and words are taken away, it says only what is known before that. */
export function Sentence() {
  const page = usePage();
  const explained = page.explained.value;
  const answer = useTests();
  if (!explained) return null;
  const tested = answer?.result ?? null;
  const units = tested?.words?.units ?? [];
  const waiting = answer !== null && !tested && !answer.error;
  return (
    <section class="panel panel-sentence" aria-label="The answer">
      <p class="sentence">
        {tested ? (
          tested.sentence.map((span, place) => <Piece key={place} span={span} units={units} />)
        ) : (
          <>
            {firstClause(explained.sentence).map((span, place) => (
              <Piece key={place} span={span} units={units} />
            ))}
            {waiting ? <span class="waiting"> Now each word is taken away, and each head switched off …</span> : null}
          </>
        )}
      </p>
    </section>
  );
}

/** What a sentence says before its first full stop: that it rests on no test. */
function firstClause(sentence: readonly Span[]): readonly Span[] {
  const end = sentence.findIndex((span) => span.kind === null && span.text.trimEnd().endsWith("."));
  return end < 0 ? sentence : sentence.slice(0, end + 1);
}

/** Every noun leads to what it rests on: a word to its row of the text, a part to its test, a token to the ledger. */
function Piece({ span, units }: { span: Span; units: readonly UnitWithout[] }) {
  const page = usePage();
  const part = span.kind === "part" ? partOfName(span.text) : null;
  if (part) return <PartButton part={part} />;
  const word = span.kind === "word" ? units[span.place ?? -1] : undefined;
  if (word)
    return (
      <button type="button" class="noun" onClick={() => page.set({ word: word.positions[0] ?? null })}>
        {span.text}
      </button>
    );
  return span.kind === null ? <span>{span.text}</span> : <bdi class={`said-${span.kind}`}>{span.text}</bdi>;
}
