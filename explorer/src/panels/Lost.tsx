/** What is said when the server does not answer: what is shown stays. */
import { usePage } from "../hooks/usePage";

export function Lost() {
  const page = usePage();
  if (!page.desk.lost.value) return null;
  const a = page.at.a.value;
  return (
    <div class="panel lost" role="alert">
      <p>
        <strong>The server at {location.origin} does not answer.</strong> What is shown stays. Start it again with{" "}
        <code>unembed open {quoted(a)}</code>, which opens a page of its own; if it is running and was only busy or out
        of reach, try again here.
      </p>
      <button type="button" onClick={() => page.desk.retry()}>
        Try again
      </button>
    </div>
  );
}

/** A text as a shell takes it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
