import { gauge } from '../runtime/index.ts'
import type { Metrics } from '../runtime/index.ts'
import type { Ledger } from './followed.ts'

/** How far the node has read its chain, and what its RPC is like. Nothing here asks the RPC. */
export function declareChainMetrics(metrics: Metrics, ledger: Pick<Ledger, 'state'>): void {
  gauge(metrics, 'tilth_chain_head_block', "The chain's newest block, as it was seen last", [], self => {
    self.set(Number(ledger.state().head?.number ?? 0n))
  })
  gauge(metrics, 'tilth_chain_read_block', 'The last block that was read', [], self => {
    self.set(Number(ledger.state().block ?? 0n))
  })
  gauge(metrics, 'tilth_chain_lag_blocks', 'Blocks that are there and not read yet', [], self => {
    const { head, block } = ledger.state()
    self.set(Math.max(0, Number((head?.number ?? 0n) - (block ?? 0n))))
  })
  gauge(metrics, 'tilth_chain_following', '1 while the chain is read up to its head or on the way there', [], self => {
    const { state } = ledger.state()
    self.set(state === 'following' || state === 'reading' ? 1 : 0)
  })
  gauge(metrics, 'tilth_chain_answer_seconds', "Of the RPC's last answer with events", [], self => {
    self.set(ledger.state().provider.answerMs / 1000)
  })
}
