/** A number with a sign, as a bar and as text. */
import { signed } from "../lib/format";

/** A bar from the middle: to the right and solid if positive, to the left and hatched if negative. */
export function Bar(props: { value: number; largest: number }) {
  const share = props.largest > 0 ? Math.min(Math.abs(props.value) / props.largest, 1) : 0;
  return (
    <span class="bar" aria-hidden="true">
      <span class={props.value < 0 ? "negative" : "positive"} style={{ width: `${share * 50}%` }} />
    </span>
  );
}

export function Signed(props: { value: number; digits?: number }) {
  return <span class={`number${signOf(props.value, props.digits)}`}>{signed(props.value, props.digits)}</span>;
}

/** What is written as zero has no sign, and no colour of one. */
function signOf(value: number, digits?: number): string {
  const text = signed(value, digits);
  return /[1-9\u221e]/.test(text) ? (value < 0 ? " negative" : " positive") : "";
}
