import assert from 'node:assert/strict'
import { decodeFunctionData, encodeFunctionResult } from 'viem'
import type { EIP1193Provider, Hex } from 'viem'
import { attributionAnchorAbi, datanetRegistryAbi } from '../../protocol/contracts/index.ts'
import { keccak } from '../../protocol/primitives/index.ts'
import '../../web-console/chain/codes.ts'
import { agrees } from '../../web-console/chain/claim.ts'
import type { RootClaim } from '../../web-console/chain/claim.ts'
import { readRoot } from '../../web-console/chain/read-root.ts'
import type { Witness } from '../../web-console/chain/witness.ts'

const datanets: Hex = `0x${'d1'.repeat(20)}`
const anchor: Hex = `0x${'a1'.repeat(20)}`
const chain = { id: 31337, contracts: { datanets, anchor } }
const pool = keccak('pool')
const [version, receipts, payouts] = [keccak('version'), keccak('receipts'), keccak('payouts')]
const zero: Hex = `0x${'00'.repeat(32)}`

/** A wallet over a chain of this test: what it was asked, and answers as the contracts have them. */
function walletOn(chainId: number): Witness {
  const call = ({ to, data }: { to: Hex; data: Hex }): Hex => {
    if (to.toLowerCase() === datanets) {
      const { args } = decodeFunctionData({ abi: datanetRegistryAbi, data })
      const root = args?.[0] === pool && args[1] === 2 ? version : zero
      const result = { root, count: 3, roster: 0, cid: 'bafy' }
      return encodeFunctionResult({ abi: datanetRegistryAbi, functionName: 'versionOf', result })
    }
    assert.equal(to.toLowerCase(), anchor)
    return encodeFunctionResult({
      abi: attributionAnchorAbi,
      functionName: 'epochOf',
      result: {
        proposer: anchor,
        challengeEnds: 1n,
        receiptCount: 1,
        state: 2,
        round: 1,
        roster: 0,
        proposedIn: 1,
        vetoed: 0n,
        bond: 1n,
        receiptsRoot: receipts,
        receiptsTotal: 10n ** 30n,
        payoutsRoot: payouts,
        payoutsTotal: 7n,
        bundle: 'bafy'
      }
    })
  }
  const request = async ({ method, params }: { method: string; params?: unknown }): Promise<unknown> => {
    if (method === 'eth_chainId') return `0x${chainId.toString(16)}`
    if (method === 'eth_call') return call((params as [{ to: Hex; data: Hex }])[0])
    throw new TypeError(`a wallet is asked for ${method}`)
  }
  return { kind: 'wallet', wallet: { id: 'test', name: 'Test wallet', provider: { request } as EIP1193Provider } }
}

describe('a root that a browser looks up on chain itself', () => {
  const witness = walletOn(31337)
  const claims: readonly RootClaim[] = [
    { kind: 'version', of: pool, number: 2, root: version },
    { kind: 'receipts', of: pool, number: 1, root: receipts, sum: (10n ** 30n).toString() },
    { kind: 'payouts', of: pool, number: 1, root: payouts, sum: '7' }
  ]

  it('is the same by hash and by sum, or it is another one', async () => {
    for (const claim of claims) {
      const found = await readRoot(witness, chain, claim)
      assert.ok(agrees(claim, found), claim.kind)
      assert.ok(!agrees({ ...claim, root: keccak('forged') }, found), claim.kind)
      if (claim.sum !== undefined) assert.ok(!agrees({ ...claim, sum: '8' }, found), claim.kind)
    }
    const [claim] = claims
    assert.ok(claim !== undefined)
    assert.ok(!agrees(claim, await readRoot(witness, chain, { ...claim, number: 3 })))
  })

  it('is looked up on this network\u2019s chain alone, and what cannot be had is said in words', async () => {
    const [claim] = claims
    assert.ok(claim !== undefined)
    await assert.rejects(readRoot(walletOn(1), chain, claim), { code: 'witness.chain', message: /on chain 1,/ })
    const silent: Witness = {
      kind: 'wallet',
      wallet: {
        id: 'locked',
        name: 'Locked',
        provider: { request: () => Promise.reject(new TypeError('locked')) } as unknown as EIP1193Provider
      }
    }
    await assert.rejects(readRoot(silent, chain, claim), { code: 'witness.silent', message: /Locked gave no answer/ })
  })
})
