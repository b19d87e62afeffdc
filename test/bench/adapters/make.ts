import { join } from 'node:path'
import { readdir, rm, stat } from 'node:fs/promises'
import { newAdapter, writeAdapter } from '../../../node/engine/adapters/index.ts'
import { loadModel } from '../../../node/engine/architecture/index.ts'
import { Random } from '../../../node/engine/weights/random.ts'
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { encodeFunctionData } from 'viem'
import { modelRegistryAbi, registrationStruct } from '../../../protocol/contracts/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { TestNetwork } from '../../node/models/network.ts'

const targets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
/** Registrations on their way at once, and folders that stay for the engine alone. */
const atOnce = 96
const kept = 256

export interface Made {
  readonly ids: readonly Hex[]
  /** Of the first of them. */
  readonly folders: readonly string[]
  /** Of one. */
  readonly bytes: number
}

/** A CID of something that nobody has. */
const nowhere = async (seed: number): Promise<string> =>
  CID.createV1(dagPb.code, await sha256.digest(new TextEncoder().encode(`adapter ${seed}`))).toString()

/**
 * Adapters of random weights, in the builder's block store and on chain.
 * @param stored of so many there are weights, of the rest the registration alone
 */
export async function makeAdapters(
  { world, builder }: Pick<TestNetwork, 'world' | 'builder'>,
  {
    model,
    count,
    rank,
    folder,
    stored
  }: { model: string; count: number; rank: number; folder: string; stored: number },
  say: (text: string) => void
): Promise<Made> {
  // The chain signs for the builder and is waited for no longer than it takes: thousands are there in minutes.
  async function call(method: string, params: readonly unknown[]): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(world.anvil.rpcUrl, { method: 'POST', headers, body })
    const { result, error } = (await response.json()) as { result?: unknown; error?: unknown }
    if (error !== undefined) throw new Error(JSON.stringify(error))
    return result
  }
  const { config } = loadModel(model)
  const base = await builder.node.files.addDirectory(model)
  await builder.service.registerBase({ name: 'base', base })
  await world.faucet.tokens.sendGas(builder.address, 1_000n * 10n ** 18n)
  await call('anvil_impersonateAccount', [builder.address])
  const counted = async (): Promise<number> =>
    Number(await call('eth_getTransactionCount', [builder.address, 'latest']))
  // Those that are sent at once would all be given the same one.
  let next = await counted()
  async function send(nonce: number, data: Hex): Promise<void> {
    const transaction = { from: builder.address, to: world.addresses.models, data, nonce: `0x${nonce.toString(16)}` }
    await call('eth_sendTransaction', [transaction])
  }
  const folders: string[] = []
  const ids: Hex[] = []
  let bytes = 0
  const fresh = newAdapter(config, { rank, alpha: 2 * rank, targets, dropout: 0 }, 1)
  /** @returns its CID */
  const one = async (seed: number): Promise<string> => {
    if (seed >= stored) return nowhere(seed)
    const random = new Random(seed, 0x20b0000)
    // Weights differ where it costs little: what is measured does not depend on which they are.
    const few = Array.from({ length: 64 }, () => 0.02 * (random.uniform() - 0.5))
    const modules = fresh.modules.map(one => ({ ...one, b: one.b.map((_, i) => few[(i * 31 + seed) & 63] ?? 0) }))
    const path = join(folder, String(seed))
    writeAdapter(path, { ...fresh, modules }, model)
    const adapter = await builder.node.files.addDirectory(path)
    if (seed === 0) for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size
    if (seed < kept) folders[seed] = path
    else await rm(path, { recursive: true })
    return adapter
  }
  async function register(seed: number, adapter: string): Promise<void> {
    const registration = {
      name: `adapter ${seed}`,
      base,
      adapter,
      result: adapter,
      licence: '',
      datanet: zeroHash,
      version: 0,
      job: zeroHash,
      worker: builder.address,
      split: { worker: 8000, builder: 2000, data: 0 }
    }
    const args = [registrationStruct(registration)] as const
    const data = encodeFunctionData({ abi: modelRegistryAbi, functionName: 'register', args })
    await send(next++, data)
    ids[seed] = builder.chain.models.idOf(builder.address, registration)
  }
  await call('evm_setAutomine', [false])
  for (let at = 0; at < count; at += atOnce) {
    const made = await Promise.all(Array.from({ length: Math.min(atOnce, count - at) }, (_, i) => one(at + i)))
    await Promise.all(made.map((adapter, i) => register(at + i, adapter)))
    await call('evm_mine', [])
    if (at % (8 * atOnce) === 0) say(`${Math.min(count, at + atOnce)} of ${count} adapters`)
  }
  // A block holds so much gas: what is left over comes with the next ones.
  for (let at = await counted(), before = -1; at < next; before = at, at = await counted()) {
    if (at === before) throw new Error(`registration ${at} of ${next} is in no block`)
    await call('evm_mine', [])
  }
  await call('evm_setAutomine', [true])
  return { ids, folders, bytes }
}
