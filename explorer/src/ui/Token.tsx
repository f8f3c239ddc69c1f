/** Tokens as they are shown. */
import { decimal, visible } from "../lib/format";
import type { LookedAt } from "../protocol/payloads";

/** A token, all of whose characters can be seen. */
export function TokenText(props: { text: string }) {
  return <bdi class="token-text">{visible(props.text)}</bdi>;
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
      <TokenText text={props.at.text} /> <span class="small">{decimal(props.at.attention)}</span>
    </span>
  );
}
