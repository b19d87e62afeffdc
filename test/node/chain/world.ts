import { coin, startWorld as startHarness } from '../../harness/index.ts'
import type { Account, World as Harness } from '../../harness/index.ts'
import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Message, StatementType } from '../../../protocol/crypto/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

export { coin, scratch } from '../../harness/index.ts'

export interface Person extends Account {
  sign<T extends StatementType>(type: T, message: Message<T>): Hex
}

export interface World extends Pick<Harness, 'anvil' | 'addresses' | 'stop'> {
  readonly deployer: Harness['faucet']
  /** Somebody with a key of their own, coin for gas and that many whole tokens. */
  person(name: string, tokens?: bigint): Promise<Person>
  digest<T extends StatementType>(type: T, message: Message<T>): Hex
}

/** A chain of its own with a deployed network on it. */
export async function startWorld(): Promise<World> {
  const world = await startHarness('chain', {
    unbondSeconds: 8 * 86_400,
    rosterSeconds: 9 * 86_400,
    disputeSeconds: 60,
    challengeSeconds: 600,
    bond: 50n * coin,
    minStake: 100n * coin
  })
  const { network } = world.faucet
  return {
    ...world,
    deployer: world.faucet,
    async person(name, tokens = 1000n) {
      const key = fromHex(keccak(name))
      const account = await world.account({ key, tokens: tokens * coin, gas: 10n * coin })
      return { ...account, sign: (type, message) => signStatement(network, type, message, key).signature }
    },
    digest: (type, message) => digest(network, type, message)
  }
}
