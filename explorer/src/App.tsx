/** All panels. The explanation of prompt A is asked here; the others wait for it, since it tells the target. */
import { useEffect, useRef } from "preact/hooks";
import { useAsk } from "./hooks/useAsk";
import { PageContext } from "./hooks/usePage";
import { listenForKeys } from "./page/keys";
import { about, type Page } from "./page/page";
import { Glossary } from "./panels/Glossary";
import { Header } from "./panels/Header";
import { Help } from "./panels/Help";
import { Lost } from "./panels/Lost";
import { Start } from "./panels/Start";
import { Status } from "./ui/Status";
import { Toast } from "./ui/Toast";
import { Shown } from "./views/Views";

export function App({ page }: { page: Page }) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => page.link(), [page]);
  useEffect(() => (root.current ? listenForKeys(page, root.current) : undefined), [page]);
  return (
    <PageContext.Provider value={page}>
      <div class="unembed" ref={root}>
        <Header />
        <Explained page={page} />
        <Help />
        <Glossary />
        <Toast />
      </div>
    </PageContext.Provider>
  );
}

function Explained({ page }: { page: Page }) {
  const asked = page.asked();
  const state = page.state.value;
  const answer = useAsk(asked ? { ask: "explain" as const, ...about(state), test: false, top: 10 } : null);
  const result = answer?.result ?? null;
  useEffect(() => {
    if (result) page.take(result, state);
    if (!asked || answer?.error) page.take(null, state);
  }, [result, answer?.error, asked]);
  if (!asked) return <Start />;
  return (
    <>
      {answer && !result && !page.desk.lost.value ? (
        <div class="panel">
          <Status answer={answer} />
        </div>
      ) : null}
      <Lost />
      <main class={result ? "" : "stale"}>
        <Shown />
      </main>
    </>
  );
}
