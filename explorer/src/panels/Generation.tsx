/** The text continued token by token; a click explains why a token came. */

import { useAsk } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { generationFigure, generationTable } from "../lib/figure/amounts";
import { percent } from "../lib/format";
import { given } from "../page/page";
import { namedToken } from "../page/state";
import type { Ask } from "../protocol/asks";
import type { GeneratePayload } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Panel } from "../ui/Panel";
import { Status } from "../ui/Status";
import { TokenText } from "../ui/Token";

const TOKENS = 12;

export function GenerationPanel() {
  const page = usePage();
  const from = page.continued;
  const { a, source } = page.state.value;
  const own = { ask: "generate" as const, ...given({ prompt: a, source }), tokens: TOKENS };
  const saved = page.data.host === "report";
  const asked = saved && page.desk.peek(own) ? own : from.value;
  const answer = useAsk(asked && isOf(asked, own, page.desk.peek(asked)) ? asked : null);
  if (!page.explained.value || (saved && !asked)) return null;
  return (
    <Panel name="generation" title="Generation" note="What the model writes next, taking the top token each time.">
      {saved ? null : (
        <button type="button" onClick={() => (from.value = own)}>
          Continue by {TOKENS} tokens
        </button>
      )}
      <Status answer={answer} />
      {answer?.result ? <Continued result={answer.result} /> : null}
      {answer?.result ? <Kept result={answer.result} /> : null}
    </Panel>
  );
}

function Kept({ result }: { result: GeneratePayload }) {
  return (
    <Exports
      name="continuation"
      figure={(asked) => generationFigure(result, asked)}
      table={() => generationTable(result)}
      data={result}
    />
  );
}

/** Whether a continuation is of what is asked now: from its prompt, or from the text that it became, by a click on it. */
function isOf(from: Ask<"generate">, own: Ask<"generate">, found: GeneratePayload | null): boolean {
  return [from.prompt, found?.whole].includes(own.prompt) && from.source === own.source;
}

function Continued({ result }: { result: GeneratePayload }) {
  const page = usePage();
  const { whole } = result;
  const still = page.data.host === "report";
  const { position, target } = page.state.value;
  return (
    <>
      {whole === null ? (
        <p class="note">No text has exactly these tokens, so they cannot be explained one by one.</p>
      ) : null}
      <ol class="strip">
        {result.generated.map((token) => (
          <li key={token.position}>
            <button
              type="button"
              class="token"
              title="Why this token?"
              aria-pressed={position === token.position - 1 && target === namedToken(token)}
              disabled={whole === null || still}
              onClick={() =>
                page.set({ view: "why", a: whole ?? "", position: token.position - 1, target: namedToken(token) })
              }
            >
              <TokenText text={token.text} />
              <span class="index">{percent(token.probability)}</span>
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}
