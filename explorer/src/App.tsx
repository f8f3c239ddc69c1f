/** All panels. The explanation of prompt A is asked here; the others wait for it, since it tells the target. */
import { useEffect, useRef } from "preact/hooks";
import { useAsk } from "./hooks/useAsk";
import { PageContext } from "./hooks/usePage";
import { listenForKeys } from "./page/keys";
import { about, type Page } from "./page/page";
import { AttentionPanel } from "./panels/Attention";
import { ComparePanel } from "./panels/Compare";
import { FlowPanel } from "./panels/Flow";
import { GenerationPanel } from "./panels/Generation";
import { Header } from "./panels/Header";
import { Help } from "./panels/Help";
import { InspectorPanel } from "./panels/Inspector";
import { KnowledgePanel } from "./panels/Knowledge";
import { LedgerPanel } from "./panels/Ledger";
import { LensPanel } from "./panels/Lens";
import { PinsPanel } from "./panels/Pins";
import { PredictionPanel } from "./panels/Prediction";
import { Sentence } from "./panels/Sentence";
import { StrongestPanel } from "./panels/Strongest";
import { TokenStrip } from "./panels/TokenStrip";
import { Status } from "./ui/Status";

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
        <p class="hidden" role="status">
          {page.said.value}
        </p>
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
  if (!asked) return <p class="panel note">Type a {page.beside()} and press Enter.</p>;
  return (
    <>
      {answer && !result ? (
        <div class="panel">
          <Status answer={answer} />
        </div>
      ) : null}
      <div class={`panels${result ? "" : " stale"}`}>
        <Sentence />
        <TokenStrip />
        <div class="column column-left">
          <PredictionPanel />
          <LensPanel />
        </div>
        <div class="column column-middle">
          <LedgerPanel />
          <StrongestPanel />
        </div>
        <div class="column column-right">
          <InspectorPanel />
          <PinsPanel />
          <AttentionPanel />
        </div>
        <ComparePanel />
        <FlowPanel />
        <KnowledgePanel />
        <GenerationPanel />
      </div>
    </>
  );
}
