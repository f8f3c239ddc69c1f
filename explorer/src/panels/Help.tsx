/** The keys. */
import { useEffect, useRef } from "preact/hooks";
import { usePage } from "../hooks/usePage";

const KEYS: [string, string][] = [
  ["↑ ↓", "in the ledger: from row to row; in a grid: over the cells"],
  ["→ ←", "in the ledger: open and close a row; in the tokens: from token to token"],
  ["Enter", "choose what has the focus"],
  ["t", "test the selected part: zero, then mean, then none"],
  ["p", "pin the test of the selected part"],
  ["/", "find a part by name"],
  ["Escape", "select nothing; close this"],
  ["?", "show the keys"],
];

export function Help() {
  const page = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const open = page.helpOpen.value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} aria-labelledby="unembed-keys" onClose={() => (page.helpOpen.value = false)}>
      <h2 id="unembed-keys">Keys</h2>
      <table>
        <tbody>
          {KEYS.map(([key, meaning]) => (
            <tr key={key}>
              <th scope="row">
                <kbd>{key}</kbd>
              </th>
              <td>{meaning}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="controls">
        <button type="button" onClick={() => (page.helpOpen.value = false)}>
          Close
        </button>
        <button
          type="button"
          onClick={() => {
            page.helpOpen.value = false;
            page.glossary.value = "ledger";
          }}
        >
          Glossary
        </button>
      </p>
    </dialog>
  );
}
