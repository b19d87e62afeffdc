import { randomBytes } from 'node:crypto'
import { createChain } from '../../../node/chain/index.ts'
import type { Chain } from '../../../node/chain/types.ts'
import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import { keccak, toHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { agreedTo } from '../../protocol/data/agreed.ts'
import { world } from './world.ts'

const coin = 10n ** 18n

/** A validator that voted twice, who showed it, and what it cost: all on the chain of the world. */
export interface Cheat {
  readonly validator: Address
  readonly finder: Address
  readonly contribution: Hex
  readonly stake: bigint
  readonly transaction: Hex
}

/** Somebody with a key that no daemon has, tokens, and coin for their transactions. */
async function somebody(): Promise<{ key: Uint8Array; address: Address; chain: Chain }> {
  const { network } = world()
  const { api } = network.daemon('host')
  const key = randomBytes(32)
  const to = addressOfKey(key)
  await api.call('send', { body: { to, amount: String(200n * coin) } })
  await api.call('send', { body: { to, amount: String(coin), coin: true } })
  const { addresses } = network.chain
  return { key, address: to, chain: await createChain({ rpcUrl: network.rpc, addresses, privateKey: toHex(key) }) }
}

/** Has a new validator sign two votes on one contribution, and somebody else show them to the contract. */
export async function cheat(): Promise<Cheat> {
  const { network } = world().network.chain
  const [validator, finder] = [await somebody(), await somebody()]
  try {
    const stake = 100n * coin
    await validator.chain.nodes.stake(stake)
    const rules = keccak(`rules of ${validator.address}`)
    const { datanet } = await finder.chain.datanets.create({
      rules,
      createdAt: BigInt(Math.floor(Date.now() / 1000)),
      validators: [{ address: validator.address, weight: 1 }]
    })
    const commitment = keccak('rows that nobody needs to see')
    const said = { datanet, contributor: finder.address, commitment, ...agreedTo(rules) }
    await finder.chain.datanets.commitFor(said, signStatement(network, 'Commitment', said, finder.key).signature)
    const contribution = digest(network, 'Commitment', said)
    const vote = (accept: boolean) => {
      const fields = {
        contribution,
        validator: validator.address,
        accept,
        outcome: keccak(`outcome ${accept}`),
        salt: keccak(`salt ${accept}`)
      }
      return { vote: fields, signature: signStatement(network, 'Vote', fields, validator.key).signature }
    }
    const { slashed, transaction } = await finder.chain.datanets.reportDoubleVote(vote(true), vote(false))
    return { validator: validator.address, finder: finder.address, contribution, stake: slashed, transaction }
  } finally {
    await Promise.all([validator, finder].map(({ chain }) => chain.stop()))
  }
}
