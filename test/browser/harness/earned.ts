import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { unlessUnknown, until } from '../../../daemon/local/loop/poll.ts'
import { world } from './world.ts'

/** What an epoch gave an account, and nobody has claimed yet. */
export interface Earned {
  readonly account: Address
  readonly amount: bigint
}

/** Asks the tuned model, and brings the answers to a final epoch: contributors have something to claim. */
export async function earnSomething(): Promise<{ pool: Hex; epoch: number; earned: readonly Earned[] }> {
  const { network, last } = world()
  const [host, client] = [network.daemon('host'), network.daemon('client')]
  const { datanet } = await client.api.call('model', { params: { id: last.model } })
  const pool = datanet as Hex
  const body = { model: last.model, messages: [{ role: 'user' as const, content: last.question }], maxTokens: 16 }
  // On a busy machine a worker may not answer in time: whoever asks, asks again.
  const receipt = await until('an answer with a receipt', 90, async () => {
    for await (const event of client.api.stream('ask', { body }))
      if (event.kind === 'done' && event.receipts.length > 0) return event.receipts[0]
    return undefined
  })
  await until('the receipt', 90, async () => {
    const known = await unlessUnknown(client.api.call('receipt', { params: { id: receipt } }))
    return known !== undefined ? true : undefined
  })
  for (const { name, api } of network.daemons) if (name.startsWith('worker')) await api.call('redeem')
  await host.api.call('settle', { body: { pool } })
  const epoch = await until('the end of the challenge window', 90, async () => {
    try {
      return await host.api.call('finalize', { params: { id: pool } })
    } catch (error) {
      if (error instanceof TilthError && ['epoch.window', 'chain.reverted'].includes(error.code)) return undefined
      throw error
    }
  })
  const earned = epoch.payouts
    .filter(({ share }) => BigInt(share) > 0n)
    .map(({ account, share }) => ({ account: account as Address, amount: BigInt(share) }))
  return { pool, epoch: epoch.epoch, earned }
}
