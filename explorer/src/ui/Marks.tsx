/** What the marks beside an effect mean. */
import { Term } from "./Term";

export function Marks() {
  return (
    <p class="note marks">
      ● without it the target moves by at least 0.3 <Term name="nats" />, or by 0.1 and by more than 95 % of the parts
      of its kind move it (<Term name="causal">causal</Term> where it falls, <Term name="suppressor" /> where it rises).
      ○ it moves less. ~ rounding could change the word.
    </p>
  );
}
