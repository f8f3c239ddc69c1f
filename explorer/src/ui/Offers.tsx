/** What could be typed for a token. */
import { useAsk } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { percent, visible } from "../lib/format";
import { namedToken } from "../page/state";

/** Tokens of the vocabulary that the typed text may name, and the top predictions. */
export function Offers({ id, typed }: { id: string; typed: string }) {
  const page = usePage();
  const { prompt, source, position } = page.followed() ?? {};
  const wanted = page.data.host !== "report" && prompt !== undefined && typed.trim() !== "";
  const answer = useAsk(wanted ? { ask: "tokens" as const, prompt, source, position, text: typed } : null);
  const tokens = [...(answer?.result?.found ?? []), ...(page.explained.value?.predictions ?? [])];
  const offers = new Map(tokens.map((token) => [namedToken(token), token.probability]));
  return (
    <datalist id={id}>
      {[...offers].map(([name, probability]) =>
        typeof name === "string" ? (
          <option key={name} value={name} label={`${visible(name)} ${percent(probability)}`} />
        ) : null,
      )}
    </datalist>
  );
}
