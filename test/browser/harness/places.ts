import { places } from '../../../web-console/app/places.ts'
import { world } from './world.ts'

/** The pages that a person meets, by name, in the order of the flow. */
export const mainPages = [
  'now',
  'datanets',
  'newDatanet',
  'datanet',
  'contribute',
  'contribution',
  'review',
  'factory',
  'job',
  'bazaar',
  'model',
  'chat',
  'receipt',
  'earnings',
  'epoch',
  'node',
  'explorer',
  'find'
] as const
export type PagePaths = Record<(typeof mainPages)[number], string>

/** Their addresses, about what the round through the loop left behind. */
export async function pagePaths(): Promise<PagePaths> {
  const { network, last } = world()
  const { api } = network.daemon('host')
  const first = <T>(what: string, { items }: { items: readonly T[] }): T => {
    const [item] = items
    if (item === undefined) throw new Error(`the loop left no ${what}`)
    return item
  }
  const model = await api.call('model', { params: { id: last.model } })
  const datanet = await api.call('datanet', { params: { id: last.model } })
  const contribution = first('contribution', await api.call('contributions', { params: { id: datanet.id } }))
  const jobs = await api.call('jobs')
  const own = jobs.items.filter(
    ({ builder, state }) => builder === network.daemon('host').address && state === 'completed'
  )
  const job = first('finished job', { items: own })
  const receipt = first('receipt', await network.daemon('client').api.call('receipts'))
  const epoch = first('epoch', await api.call('epochs'))
  return {
    now: places.now,
    datanets: places.datanets,
    newDatanet: places.newDatanet,
    datanet: places.datanet(datanet.id),
    contribute: places.contribute(datanet.id),
    contribution: places.contribution(contribution.id),
    review: places.review,
    factory: places.factory,
    job: places.job(job.id),
    bazaar: places.bazaar,
    model: places.model(model.id),
    chat: places.chat(model.id),
    receipt: places.receipt(receipt.id),
    earnings: places.earnings,
    epoch: places.epoch(epoch.pool, epoch.epoch),
    node: places.node,
    explorer: places.explorer,
    find: places.find(contribution.id)
  }
}
