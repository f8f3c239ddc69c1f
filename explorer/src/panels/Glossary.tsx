/** The glossary, open at a term. */
import { useEffect, useRef } from "preact/hooks";
import { usePage } from "../hooks/usePage";
import { entryOf, GLOSSARY } from "../lib/glossary";

export function Glossary() {
  const page = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const name = page.glossary.value;
  const chosen = name === null ? null : entryOf(name);
  useEffect(() => {
    if (name === null) {
      dialog.current?.close();
      return;
    }
    if (!dialog.current?.open) dialog.current?.showModal();
    dialog.current?.querySelector(".chosen")?.scrollIntoView({ block: "center" });
  }, [name]);
  return (
    <dialog
      class="glossary"
      ref={dialog}
      aria-labelledby="unembed-glossary"
      onClose={() => (page.glossary.value = null)}
    >
      <form method="dialog" class="controls">
        <h2 id="unembed-glossary">Glossary</h2>
        <button type="submit">Close</button>
      </form>
      {name === null ? null : (
        <dl tabIndex={0}>
          {GLOSSARY.map((entry) => (
            <div key={entry.term} class={entry === chosen ? "chosen" : ""}>
              <dt>{entry.term}</dt>
              <dd>{entry.meaning}</dd>
            </div>
          ))}
        </dl>
      )}
    </dialog>
  );
}
