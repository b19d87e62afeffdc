import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createChain, deploy, startAnvil } from '../../node/chain/index.ts'
import type { Deployment, Anvil, Chain, DeployOptions } from '../../node/chain/index.ts'
import { addressOfKey } from '../../protocol/crypto/index.ts'
import { toHex } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { scratch } from './folder.ts'

export const coin = 10n ** 18n

/** Somebody with a key and coin for gas. */
export interface Account {
  readonly key: Uint8Array
  readonly address: Address
  readonly chain: Chain
}

export interface AccountOptions {
  key?: Uint8Array
  /** Default 1000 whole tokens. */
  tokens?: bigint
  /** Of the tokens. */
  stake?: bigint
  /** Coin. */
  gas?: bigint
}

/** A real chain with a deployed network, and a folder for all that lives on it. */
export interface World {
  readonly root: string
  readonly anvil: Anvil
  readonly addresses: Deployment
  /** The deployer, who holds every token that nobody was given. */
  readonly faucet: Chain
  account(options?: AccountOptions): Promise<Account>
  /** Of everything that has to end before the chain does; the last one first. */
  onStop(stop: () => Promise<unknown>): void
  stop(): Promise<void>
}

/** Scorers of tests are there at once, and blocks come only with transactions. */
const quickRounds = { commitSeconds: 90, revealSeconds: 3, juryRevealSeconds: 90, drawBlocks: 0 }

export async function startWorld(
  name: string,
  options: Omit<DeployOptions, 'rpcUrl' | 'privateKey'> = {}
): Promise<World> {
  const root = await scratch(name)
  const anvil = await startAnvil({ folder: join(root, 'anvil') })
  const { rpcUrl } = anvil
  const addresses = await deploy({ ...quickRounds, ...options, rpcUrl, privateKey: anvil.faucetKey })
  const faucet = await createChain({ rpcUrl, addresses, privateKey: anvil.faucetKey })
  const chains = [faucet]
  const stops: (() => Promise<unknown>)[] = []
  return {
    root,
    anvil,
    addresses,
    faucet,
    async account({ key = Uint8Array.from(randomBytes(32)), tokens = 1000n * coin, stake = 0n, gas = coin } = {}) {
      const address = addressOfKey(key)
      await faucet.tokens.sendGas(address, gas)
      if (tokens > 0n) await faucet.tokens.transfer(address, tokens)
      const chain = await createChain({ rpcUrl, addresses, privateKey: toHex(key) })
      chains.push(chain)
      if (stake > 0n) await chain.nodes.stake(stake)
      return { key, address, chain }
    },
    onStop(stop) {
      stops.push(stop)
    },
    async stop() {
      for (const stop of stops.reverse()) await stop()
      await Promise.all(chains.map(chain => chain.stop()))
      await anvil.stop()
      await rm(root, { recursive: true, force: true })
    }
  }
}
