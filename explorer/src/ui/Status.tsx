/** How an ask stands. */
import { usePage } from "../hooks/usePage";
import type { Answer } from "../protocol/asks";

/** What an ask is doing, or what went wrong. */
export function Status(props: { answer: Answer<unknown> | null }) {
  const page = usePage();
  const answer = props.answer;
  if (!answer || answer.result) return null;
  if (answer.error && page.data.host === "report") return <p class="note">{answer.error}</p>;
  if (answer.error)
    return (
      <p class="error" role="alert">
        {answer.error}
      </p>
    );
  if (page.desk.lost.value) return <p class="note">Waits for the server.</p>;
  return (
    <p class="progress">
      <progress value={answer.fraction} max={1} aria-label={answer.stage} /> {answer.stage}
    </p>
  );
}
