import assert from 'node:assert/strict'
import { ChainError } from '../../../node/chain/index.ts'
import { createBonds } from '../../../node/payouts/settler/index.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import type { Proposal } from '../../../node/payouts/proposals.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

const self: Address = `0x${'11'.repeat(20)}`
const other: Address = `0x${'22'.repeat(20)}`
const pool = keccak('pool')

const proposal = (proposer: Address, state: 'voided' | 'final', text: string): Proposal =>
  ({
    state,
    event: { state, proposer, receiptsRoot: keccak(text), payoutsRoot: keccak(`${text} payouts`) }
  }) as Proposal

async function settled(tried: readonly Proposal[], refusal?: string): Promise<Hex[]> {
  const asked: Hex[] = []
  const bonds = createBonds(
    {
      self,
      log: silentLog,
      chain: {
        account: self,
        payouts: {
          async settleBond(_pool: Hex, _epoch: number, { receiptsRoot }: { receiptsRoot: Hex }) {
            asked.push(receiptsRoot)
            if (refusal !== undefined)
              throw new ChainError('chain.reverted', 'no', { details: { error: refusal, args: [] } })
            return { transaction: keccak('t'), block: 1n, returned: 5n, burnt: 5n }
          }
        }
      }
    } as never,
    { of: async () => [...tried] }
  )
  await bonds.settle(pool, 1)
  return asked
}

describe('the bond of an epoch that validators were against', () => {
  it('is asked for when the same epoch became final after all', async () => {
    assert.deepEqual(await settled([proposal(self, 'voided', 'honest'), proposal(other, 'final', 'honest')]), [
      keccak('honest')
    ])
  })

  it('is not when another one did, or when it was not this node that proposed it', async () => {
    assert.deepEqual(await settled([proposal(self, 'voided', 'theft'), proposal(other, 'final', 'honest')]), [])
    assert.deepEqual(await settled([proposal(other, 'voided', 'honest'), proposal(self, 'final', 'honest')]), [])
    assert.deepEqual(await settled([proposal(self, 'final', 'honest')]), [])
  })

  it('may be gone: shown to be false, or settled by somebody else', async () => {
    const tried = [proposal(self, 'voided', 'honest'), proposal(other, 'final', 'honest')]
    assert.equal((await settled(tried, 'NothingHeld')).length, 1)
    await assert.rejects(settled(tried, 'ERC20InsufficientBalance'), { code: 'chain.reverted' })
  })
})
