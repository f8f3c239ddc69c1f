/** All panels. The page asks for the explanation of prompt A; the others wait for it, since it tells the target. */

import { computed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { useLate } from "./hooks/useLate";
import { PageContext, usePage } from "./hooks/usePage";
import { Tests } from "./hooks/useTested";
import { listenForKeys } from "./page/keys";
import type { Page } from "./page/page";
import { Glossary } from "./panels/Glossary";
import { Header } from "./panels/Header";
import { Help } from "./panels/Help";
import { Lost } from "./panels/Lost";
import { Start } from "./panels/Start";
import { BackToStudy, Study } from "./panels/Study";
import { Status } from "./ui/Status";
import { Toast } from "./ui/Toast";
import { Shown } from "./views/Views";

export function App({ page }: { page: Page }) {
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => page.explain(), [page]);
  useEffect(() => page.link(), [page]);
  useEffect(() => (root.current ? listenForKeys(page, root.current) : undefined), [page]);
  return (
    <PageContext.Provider value={page}>
      <div class="unembed" ref={root}>
        <Tests>
          <Header />
          <Explained />
          <Help />
          <Glossary />
          <Toast />
        </Tests>
      </div>
    </PageContext.Provider>
  );
}

function Explained() {
  const page = usePage();
  const asked = useMemo(() => computed(() => page.asked()), [page]);
  if (!asked.value) return page.data.study ? <Study study={page.data.study} /> : <Start />;
  return (
    <>
      <BackToStudy />
      <Waiting />
      <Lost />
      <Main>
        <Shown />
      </Main>
    </>
  );
}

/** How the explanation stands, until it is here; of one that comes at once, nothing: all below would move down and up again. */
function Waiting() {
  const page = usePage();
  const answer = page.answer.value;
  const late = useLate(!answer?.result);
  if (!answer || answer.result || page.desk.lost.value || !(answer.error || late)) return null;
  return (
    <div class="panel standing">
      <Status answer={answer} />
      {answer.error ? <Plainly /> : null}
    </div>
  );
}

/** The way on where a link or a field asks for what the prompt does not have. */
function Plainly() {
  const page = usePage();
  const { position, target, vs } = page.state.value;
  if (page.data.host === "report" || (position === null && target === null && vs === null)) return null;
  return (
    <button type="button" onClick={() => page.set({ position: null, target: null, vs: null })}>
      Explain the top prediction at the end
    </button>
  );
}

/** What was shown before is pale until the next explanation is here, if that does not come at once. */
function Main({ children }: { children: ComponentChildren }) {
  const stale = !usePage().answer.value?.result;
  const late = useLate(stale);
  return <main class={!stale ? "" : late ? "stale late" : "stale"}>{children}</main>;
}
