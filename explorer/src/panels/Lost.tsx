/** What is said when the server does not answer: what is shown stays. */
import { usePage } from "../hooks/usePage";

/** What the command takes where nothing is said. */
const [USUAL, PORT] = ["smollm2-135m", "8731"];

export function Lost() {
  const page = usePage();
  if (!page.desk.lost.value) return null;
  const [a, model] = [page.at.a.value, page.data.model?.name ?? USUAL];
  const port = location.port && location.port !== PORT ? ` --port ${location.port}` : "";
  return (
    <div class="panel lost" role="alert">
      <p>
        <strong>The server at {location.origin} does not answer.</strong> What is shown stays. Start it again with{" "}
        <code>
          unembed open {quoted(a)}
          {model === USUAL ? "" : ` --model ${quoted(model)}`}
          {port}
        </code>
        , and try again here. If it was only busy or out of reach, try again at once.
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
