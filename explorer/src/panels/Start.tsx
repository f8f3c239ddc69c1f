/** What is seen before anything is asked: what this is, and prompts to begin with. */
import { usePage } from "../hooks/usePage";

const EXAMPLES: [string, string][] = [
  ["A fact", "The capital of France is"],
  ["Who did what", "When Mary and John went to the store, John gave a drink to"],
  ["A pattern", "one two three four five six one two three four"],
];

export function Start() {
  const page = usePage();
  const of = page.beside();
  return (
    <main class="start">
      <h2>Why did the model say that?</h2>
      <p>
        Type a {of} above and press Enter. You see what the model says next, which words it needs for that, and which of
        its parts carried it. What a word or part does is found by running the model again without it.
      </p>
      {of === "prompt" && !page.data.model?.bidirectional && page.data.host !== "report" ? (
        <ul>
          {EXAMPLES.map(([kind, prompt]) => (
            <li key={kind}>
              <button type="button" onClick={() => page.set({ a: prompt })}>
                <span class="small">{kind}</span> {prompt}
              </button>
            </li>
          ))}
        </ul>
      ) : null}
    </main>
  );
}
