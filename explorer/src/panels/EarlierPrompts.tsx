/** What was asked before in this session, to ask again. */
import { usePage } from "../hooks/usePage";
import type { Question } from "../page/earlier";

export function EarlierPrompts() {
  const page = usePage();
  const { a, source } = page.state.value;
  const others = page.earlier.list.value.filter((each) => each.a !== a || each.source !== source);
  if (page.data.host === "report" || others.length === 0) return null;
  return (
    <label>
      Earlier
      <select
        class="earlier"
        value=""
        onChange={(event) => {
          const chosen = others[Number(event.currentTarget.value)];
          event.currentTarget.value = "";
          if (chosen) page.set({ ...chosen, position: null, target: null });
        }}
      >
        <option value="">{others.length} …</option>
        {others.map((each, place) => (
          <option key={place} value={place}>
            {told(each)}
          </option>
        ))}
      </select>
    </label>
  );
}

function told({ a, source }: Question): string {
  const text = source ? `${source} → ${a}` : a;
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
