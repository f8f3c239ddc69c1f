/** The prompt's tokens: the position is chosen here; colours tell how much each gives through the selected part. */
import { inkOn, signColour } from "../colours";
import { nameOf, signed } from "../format";
import { useAsk, usePage } from "../page";
import type { AttentionPayload } from "../payloads";
import type { Part } from "../state";
import { Panel, TokenText } from "./parts";
import { useWindow, WINDOW, Window } from "./Window";

export function TokenStrip() {
  const page = usePage();
  const explained = page.explained.value;
  const start = useWindow(explained?.position ?? 0, explained?.tokens.length ?? 0);
  const credit = useSourceCredit();
  if (!explained) return null;
  const { tokens, position } = explained;
  const largest = Math.max(0, ...(credit?.values ?? []).map(Math.abs));
  const shown = tokens.slice(start.value, start.value + WINDOW);
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
        ) : (
          "Choose the position whose next token is explained. Select a head or an attention sublayer to colour its sources."
        )
      }
    >
      <Window start={start} length={tokens.length} what="tokens" />
      <ol class="strip" start={start.value + 1}>
        {shown.map((token) => {
          const value = credit?.values[token.position];
          const colour = value === undefined || token.position > position ? null : signColour(value, largest);
          return (
            <li key={token.position}>
              <button
                type="button"
                class="token"
                aria-pressed={token.position === position}
                style={colour ? { background: colour, color: inkOn(colour) } : {}}
                onClick={() => page.set({ position: token.position, target: null })}
                onKeyDown={(event) => moveFocus(event)}
              >
                <span class="index">{token.position}</span>
                <TokenText text={token.text} />
                <span class="sign">
                  {value !== undefined && Math.abs(value) > largest / 20 ? signed(value) : "\u00a0"}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </Panel>
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
  const { selection } = page.state.value;
  const followed = page.followed();
  const askFor = (part: Part | null) =>
    part && followed && (part.kind === "head" || part.kind === "attention")
      ? { ask: "attention" as const, ...followed, layer: part.layer }
      : null;
  const answer = useAsk(askFor(selection));
  const hovered = page.hovered.value;
  const previewed = askFor(hovered);
  const preview = previewed && page.desk.peek(previewed);
  if (hovered && preview) return { part: hovered, values: creditOf(preview, hovered) };
  return selection && answer?.result ? { part: selection, values: creditOf(answer.result, selection) } : null;
}

function creditOf(payload: AttentionPayload, part: Part): number[] {
  const heads = payload.heads.filter((head) => !head.cross && (part.kind === "attention" || head.head === part.head));
  return payload.tokens.map((_, place) => heads.reduce((sum, head) => sum + (head.contribution[place] ?? 0), 0));
}
