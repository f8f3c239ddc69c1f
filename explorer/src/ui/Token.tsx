/** Tokens as they are shown. */
import { decimal, labelOf } from "../lib/format";
import type { LookedAt } from "../protocol/payloads";

/** A token, all of whose characters can be seen. */
export function TokenText(props: { text: string; fragment?: string | null | undefined }) {
  return <bdi class="token-text">{labelOf(props)}</bdi>;
}

export function Tokens(props: { tokens: readonly { text: string }[] }) {
  return (
    <span class="tokens">
      {props.tokens.map((token, place) => (
        <span key={place} class="chip">
          <TokenText text={token.text} />
        </span>
      ))}
    </span>
  );
}

/** A source token with the attention it gets. */
export function LookedAtChip(props: { at: LookedAt }) {
  return (
    <span class="chip">
      <TokenText text={props.at.text} fragment={props.at.fragment} />{" "}
      <span class="small">{decimal(props.at.attention)}</span>
    </span>
  );
}
