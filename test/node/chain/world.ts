import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChain, deploy, startAnvil } from '../../../node/chain/index.ts'
import type { Addresses, Anvil, Chain } from '../../../node/chain/index.ts'
import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Message, StatementType } from '../../../protocol/crypto/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

export const coin = 10n ** 18n

export interface Person {
  readonly key: Hex
  readonly address: Address
  readonly chain: Chain
  sign<T extends StatementType>(type: T, message: Message<T>): Hex
}

export interface World {
  readonly anvil: Anvil
  readonly addresses: Addresses
  readonly deployer: Chain
  /** Somebody with a key of their own, coin for gas and that many whole tokens. */
  person(name: string, tokens?: bigint): Promise<Person>
  digest<T extends StatementType>(type: T, message: Message<T>): Hex
  stop(): Promise<void>
}

export const scratch = (): Promise<string> => mkdtemp(join(tmpdir(), 'tilth-chain-'))

/** A chain of its own with a deployed network on it. */
export async function startWorld(): Promise<World> {
  const folder = await scratch()
  const anvil = await startAnvil({ folder })
  const { rpcUrl } = anvil
  const addresses = await deploy({
    rpcUrl,
    privateKey: anvil.faucetKey,
    unbondSeconds: 100,
    disputeSeconds: 60,
    challengeSeconds: 600,
    bond: 50n * coin,
    minStake: 100n * coin
  })
  const deployer = await createChain({ rpcUrl, addresses, privateKey: anvil.faucetKey })
  const { network } = deployer
  const chains = [deployer]
  return {
    anvil,
    addresses,
    deployer,
    async person(name, tokens = 1000n) {
      const key = keccak(name)
      const address = addressOfKey(fromHex(key))
      await deployer.tokens.sendGas(address, 10n * coin)
      if (tokens > 0n) await deployer.tokens.transfer(address, tokens * coin)
      const chain = await createChain({ rpcUrl, addresses, privateKey: key })
      chains.push(chain)
      return {
        key,
        address,
        chain,
        sign: (type, message) => signStatement(network, type, message, fromHex(key)).signature
      }
    },
    digest: (type, message) => digest(network, type, message),
    async stop() {
      await Promise.all(chains.map(chain => chain.stop()))
      await anvil.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
