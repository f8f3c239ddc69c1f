/** The prompt's tokens: the position is chosen here; colours tell how much each gives through the selected part. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { useAsk } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { useTested } from "../hooks/useTested";
import { useWindow, WINDOW, windowWith } from "../hooks/useWindow";
import { inkOn, signColour } from "../lib/colours";
import { percent, seen, signed, told } from "../lib/format";
import { nameOf, type Part, readsSource, stackOf, sublayerOf } from "../lib/parts";
import { restsThere } from "../lib/words";
import type { AttentionPayload, ExplainPayload, SourceToken, UnitWithout } from "../protocol/payloads";
import { Find } from "../ui/Find";
import { Panel } from "../ui/Panel";
import { TokenText } from "../ui/Token";
import { Window } from "../ui/Window";

export function TokenStrip() {
  const page = usePage();
  const explained = page.explained.value;
  const start = useWindow(explained?.position ?? 0, explained?.tokens.length ?? 0);
  const found = useSignal<number | null>(null);
  const texts = useMemo(() => (explained?.tokens ?? []).map((token) => token.text), [explained]);
  const credit = useSourceCredit();
  const without = useWithoutWords();
  if (!explained) return null;
  const { tokens, position } = explained;
  const ofSource = credit !== null && readsSource(credit.part);
  const effects = [...without.values()].map((unit) => unit.effect);
  const largest = Math.max(0, ...(credit?.values ?? effects).map(Math.abs));
  const shown = tokens.slice(start.value, start.value + WINDOW);
  const chat = shown.some((token) => token.role);
  return (
    <Panel
      name="strip"
      title="Tokens"
      note={
        credit ? (
          <>
            Coloured by what each token gives the target through {nameOf(credit.part)}: orange + raises, purple −
            lowers; largest {signed(credit.values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0))} logits.
          </>
        ) : without.size > 0 ? (
          `Under a word: what is left of ${seen(explained.target.text)} without it. ○ Many heads rest on the first word, whatever it says.`
        ) : (
          `Choose the position ${explained.model.bidirectional ? "whose token" : "whose next token"} is explained. Select a head or an attention sublayer to colour its sources.`
        )
      }
    >
      {page.reads() === null ? null : (
        <SourceStrip sources={explained.sources ?? []} values={ofSource ? credit.values : []} largest={largest} />
      )}
      <Window start={start} length={tokens.length} what="tokens" />
      {tokens.length > WINDOW ? (
        <Find
          texts={texts}
          go={(token) => {
            found.value = token;
            if (token !== null) start.value = windowWith(token, start.value, tokens.length);
          }}
        />
      ) : null}
      <ol class="strip" start={start.value + 1}>
        {shown.map((token, place) => {
          const opens = token.role && (place === 0 || token.role !== shown[place - 1]?.role);
          const hidden = ofSource || (token.position > position && !explained.model.bidirectional);
          const unit = credit ? undefined : without.get(token.position);
          const value = hidden ? undefined : credit ? credit.values[token.position] : unit?.effect;
          return (
            <li key={token.position}>
              <button
                type="button"
                class={token.position === found.value ? "token found" : "token"}
                aria-pressed={token.position === position}
                style={shade(value, largest)}
                title={unit && whatWithout(unit, explained)}
                onClick={() => page.set({ position: token.position, target: null })}
                onKeyDown={(event) => moveFocus(event)}
              >
                <span class="index">{token.position}</span>
                <TokenText text={token.text} fragment={token.fragment} />
                {unit ? (
                  <span class="sign">{unit.positions[0] === token.position ? leftWithout(unit) : "\u00a0"}</span>
                ) : (
                  <Sign value={value} largest={largest} />
                )}
              </button>
              {chat ? <span class="small role">{opens ? token.role : "\u00a0"}</span> : null}
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

/** The words that were taken away, by the positions of their tokens; none while a part is selected or there are none. */
function useWithoutWords(): Map<number, UnitWithout> {
  const page = usePage();
  const words = useTested()?.words;
  if (page.reads() !== null || words?.by !== "word") return new Map();
  const ranked = words.units.filter((unit) => unit.mark !== "last");
  return new Map(ranked.flatMap((unit) => unit.positions.map((position) => [position, unit] as const)));
}

function leftWithout(unit: UnitWithout): string {
  const left = unit.difference_without === null ? percent(unit.probability_without) : signed(unit.difference_without);
  return restsThere(unit) ? `${left} ○` : left;
}

function whatWithout(unit: UnitWithout, explained: ExplainPayload): string {
  const { target } = explained;
  const [before, after] = told(target.probability, unit.probability_without);
  const { instead } = unit;
  const says = instead.id === target.id ? "the same" : `${seen(instead.text)} (${percent(instead.probability)})`;
  return `Without ${seen(unit.text)}: ${seen(target.text)} ${before} → ${after} (${signed(-unit.effect)} ${unit.difference_without === null ? "nats" : "logits"}); it says ${says}`;
}

/** What the encoder read, coloured by what the decoder takes from it, or by what a head of the encoder does. */
function SourceStrip(props: { sources: readonly SourceToken[]; values: readonly number[]; largest: number }) {
  const start = useWindow(0, props.sources.length);
  const shown = props.sources.slice(start.value, start.value + WINDOW);
  return (
    <>
      <p class="note">What the encoder read; cross-attention takes from here:</p>
      <Window start={start} length={props.sources.length} what="source positions" />
      <ol class="strip" aria-label="Source" start={start.value + 1}>
        {shown.map((token) => (
          <li key={token.position}>
            <span class="token source" style={shade(props.values[token.position], props.largest)}>
              <span class="index">{token.position}</span>
              <TokenText text={token.label} />
              <Sign value={props.values[token.position]} largest={props.largest} />
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

function shade(value: number | undefined, largest: number): Record<string, string> {
  if (value === undefined) return {};
  const colour = signColour(value, largest);
  return { background: colour, color: inkOn(colour) };
}

function Sign(props: { value: number | undefined; largest: number }) {
  const { value } = props;
  return (
    <span class="sign">{value !== undefined && Math.abs(value) > props.largest / 20 ? signed(value) : "\u00a0"}</span>
  );
}

/** The arrow keys go from token to token; Enter chooses. */
function moveFocus(event: KeyboardEvent): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  const item = (event.currentTarget as HTMLElement).parentElement;
  const next = step > 0 ? item?.nextElementSibling : item?.previousElementSibling;
  next?.querySelector("button")?.focus();
  event.preventDefault();
}

/** What each source token gives through the shown head, or through all heads of the shown attention sublayer. */
function useSourceCredit(): { part: Part; values: number[] } | null {
  const page = usePage();
  const selection = page.at.selection.value;
  const followed = page.followed();
  const askFor = (part: Part | null) =>
    part && followed && sublayerOf(part) !== "mlp"
      ? { ask: "attention" as const, ...followed, layer: part.layer, ...stackOf(part) }
      : null;
  const answer = useAsk(askFor(selection));
  const hovered = page.hovered.value;
  const previewed = askFor(hovered);
  const preview = previewed && page.desk.peek(previewed);
  if (hovered && preview) return { part: hovered, values: creditOf(preview, hovered) };
  return selection && answer?.result ? { part: selection, values: creditOf(answer.result, selection) } : null;
}

function creditOf(payload: AttentionPayload, part: Part): number[] {
  const heads = payload.heads.filter((head) => part.head === undefined || head.head === part.head);
  const places = readsSource(part) ? (payload.sources ?? []) : payload.tokens;
  return places.map((_, place) => heads.reduce((sum, head) => sum + (head.contribution[place] ?? 0), 0));
}
