import assert from 'node:assert/strict'
import type { StatusView } from '../../daemon/api/contract/index.ts'
import { chainFindings } from '../../daemon/cli/chain-findings.ts'

const provider = { refused: 0, short: 0, inconsistent: 0, missing: 0, answerMs: 20 }
const status = (chain: Partial<StatusView['chain']>): StatusView =>
  ({
    chain: {
      id: 1,
      rpc: 'x',
      block: '120',
      contracts: {},
      read: '118',
      state: 'following',
      confirmations: 12,
      provider,
      ...chain
    }
  }) as StatusView

describe('what the doctor says of the chain', () => {
  it('has nothing to say of an RPC that gives what is asked for', () => {
    const [chain, rpc] = chainFindings(status({}))
    assert.deepEqual([chain?.ok, rpc?.ok, rpc?.found], [true, true, 'gives what is asked for'])
    assert.match(chain?.found ?? '', /block 118, 2 blocks behind/)
  })

  it('names the cap of a provider, and what it left out, with what to do', () => {
    const [, capped] = chainFindings(status({ provider: { ...provider, refused: 3, rangeCap: 500 } }))
    assert.equal(capped?.ok, true)
    assert.match(capped?.found ?? '', /at most 500 blocks at once/)
    const [, cut] = chainFindings(status({ provider: { ...provider, short: 2, resultCap: 1000 } }))
    assert.equal(cut?.ok, false)
    assert.match(cut?.found ?? '', /cuts answers at 1000 events; left events out 2 times/)
    const [, gaps] = chainFindings(status({ provider: { ...provider, missing: 1 } }))
    assert.match(`${gaps?.found} ${gaps?.help}`, /never gave 1 event .* Use another RPC/)
  })

  it('says why a node does not read on', () => {
    const [waiting] = chainFindings(status({ state: 'waiting', error: 'the RPC does not answer' }))
    assert.deepEqual([waiting?.ok, /does not answer/.test(waiting?.found ?? '')], [false, true])
    const [diverged] = chainFindings(status({ state: 'diverged', error: 'another chain' }))
    assert.match(diverged?.help ?? '', /same chain/)
  })
})
