/** What the colours of a map mean: a scale whose ends are labelled. */
import { amountColour, signColour } from "../lib/colours";

const STEPS = 9;

/** `sign` runs from negative over none to positive, `amount` from little to much. */
export function Legend(props: { kind: "sign" | "amount"; low: string; high: string; middle?: string }) {
  const colour = props.kind === "sign" ? (at: number) => signColour(2 * at - 1, 1) : amountColour;
  const stops = Array.from({ length: STEPS }, (_, step) => colour(step / (STEPS - 1)));
  return (
    <p class="legend">
      <span>{props.low}</span>
      <span class="ramp" aria-hidden="true" style={{ background: `linear-gradient(to right, ${stops.join(", ")})` }} />
      <span class="hidden">to</span>
      <span>{props.high}</span>
      {props.middle ? <span class="small">(middle: {props.middle})</span> : null}
    </p>
  );
}
