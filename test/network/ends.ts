import { unlessUnknown, until } from '../../daemon/local/loop/poll.ts'
import { tunedSplit } from '../../daemon/local/loop/input.ts'
import type { LocalNetwork } from '../../daemon/local/network/network.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import { ask } from './load.ts'
import type { Acknowledged, Stage } from './load.ts'

/** How often an epoch that validators were against is proposed again. */
const mostOpposed = 2

/**
 * The rest of the loop after a job: its model is registered, offered by both workers and asked, the fees are redeemed,
 * and the Datanet's epoch is settled.
 * @returns the epoch's number, once it is final
 */
export async function goesOn(
  network: LocalNetwork,
  stage: Stage,
  job: string,
  acknowledged: Acknowledged
): Promise<number> {
  const host = network.daemon('host').api
  const client = network.daemon('client').api
  const workers = network.daemons.filter(({ name }) => name.startsWith('worker'))
  const { id: model } = await host.call('registerModel', {
    body: { name: `metals ${job.slice(2, 10)}`, job, split: tunedSplit }
  })
  for (const { name, api } of workers) {
    await until(`${name} learning of the model`, 120, () => unlessUnknown(api.call('model', { params: { id: model } })))
    await api.call('serve', { params: { id: model }, body: {} })
  }
  await until('offers of both workers', 120, async () => {
    const found = await unlessUnknown(client.call('model', { params: { id: model } }))
    return found?.offers.length === workers.length ? true : undefined
  })
  for (let i = 0; i < 4; i++) await ask(network, { ...stage, model }, acknowledged)
  for (const { api } of workers) await api.call('redeem')
  await host.call('settle', { body: { pool: stage.datanet } })
  let opposed = 0
  return until('the end of the challenge window', 240, async () => {
    try {
      return (await host.call('finalize', { params: { id: stage.datanet } })).epoch
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      if (error.code === 'epoch.window' || error.code === 'chain.reverted') return undefined
      // Validators were against what they could not check in time: it is proposed again.
      if (error.code !== 'epoch.unknown' || ++opposed > mostOpposed) throw error
      await host.call('settle', { body: { pool: stage.datanet } })
      return undefined
    }
  })
}
