/** Pinned tests: together they are one intervention, and they travel in the URL. */
import { usePage } from "../hooks/usePage";
import { useTests } from "../hooks/useTested";
import { carriersOf } from "../lib/carried";
import { nameOf, partKey } from "../lib/parts";
import { HOWS, type How } from "../page/state";
import { Panel } from "../ui/Panel";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { Tested } from "../ui/Tested";

const FIRST = 3;

export function PinsPanel() {
  const page = usePage();
  const { pins, b } = page.state.value;
  if (!page.explained.value) return null;
  return (
    <Panel
      name="pins"
      title="Pins"
      note={
        pins.length === 0
          ? "Pin the test of a part (choose one in Why, Parts or Graph and press p) to see here what several do together."
          : "Each pin alone, and all of them together in one run."
      }
    >
      {pins.length === 0 ? (
        <Suggested />
      ) : (
        <>
          <ul class="pins">
            {pins.map((pin, place) => (
              <li key={partKey(pin.part)}>
                <div class="controls">
                  <PartButton part={pin.part} />
                  <select
                    aria-label={`How ${nameOf(pin.part)} is tested`}
                    value={pin.how}
                    onChange={(event) => {
                      const how = event.currentTarget.value as How;
                      page.set({ pins: pins.map((each, at) => (at === place ? { ...each, how } : each)) });
                    }}
                  >
                    {HOWS.map((how) => (
                      <option key={how} value={how} disabled={how === "swap" && b === null}>
                        {how}
                      </option>
                    ))}
                  </select>
                  <button
                    type="button"
                    aria-label={`Remove the pin of ${nameOf(pin.part)}`}
                    onClick={() => page.set({ pins: pins.filter((_, at) => at !== place) })}
                  >
                    ×
                  </button>
                </div>
                {pins.length > 1 ? <Tested tests={[pin]} note="this pin alone" /> : null}
              </li>
            ))}
          </ul>
          {pins.length > 1 ? <h3>All together</h3> : null}
          <Tested tests={pins} note={pins.length === 1 ? "this pin" : `these ${pins.length} pins`} />
        </>
      )}
    </Panel>
  );
}

/** What is worth a first test: the parts that matter most here. */
function Suggested() {
  const page = usePage();
  const answer = useTests();
  const parts = answer?.result ? carriersOf(answer.result).slice(0, FIRST) : [];
  if (parts.length === 0) return <Status answer={answer} />;
  return (
    <p class="controls">
      Begin with what matters most here:
      {parts.map(({ part }) => (
        <button key={partKey(part)} type="button" onClick={() => page.set({ pins: [{ part, how: "zero" }] })}>
          {nameOf(part)} set to zero
        </button>
      ))}
    </p>
  );
}
