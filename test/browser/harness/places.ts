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
  'compare',
  'agents',
  'newAgent',
  'agent',
  'askAgent',
  'receipt',
  'earnings',
  'why',
  'node',
  'network',
  'servers',
  'log',
  'settings'
] as const
/** Those that an id leads to, whose own test looks at each. */
export const explorerPages = [
  'explorer',
  'account',
  'version',
  'statements',
  'escrow',
  'file',
  'channel',
  'epoch',
  'payout',
  'transaction'
] as const
export type PagePaths = Record<(typeof mainPages)[number] | (typeof explorerPages)[number], string>

/** Their addresses, about what the round through the loop left behind. */
export async function pagePaths(): Promise<PagePaths> {
  const { network, last } = world()
  const { api } = network.daemon('host')
  const first = <T>(what: string, { items }: { items: readonly T[] }): T => {
    const [item] = items
    if (item === undefined) throw new Error(`the loop left no ${what}`)
    return item
  }
  const client = network.daemon('client').api
  const model = await api.call('model', { params: { id: last.model } })
  const datanet = await api.call('datanet', { params: { id: last.model } })
  const contribution = first('contribution', await api.call('contributions', { params: { id: datanet.id } }))
  const jobs = await api.call('jobs')
  const own = jobs.items.filter(
    ({ builder, state }) => builder === network.daemon('host').address && state === 'completed'
  )
  const job = first('finished job', { items: own })
  const agent = await api.call('createAgent', {
    body: {
      name: 'walked agent',
      about: 'Asks the tuned model, and then asks it to say that again.',
      steps: [
        { name: 'draft', model: model.id, prompt: '{{input}}', maxTokens: 8 },
        { name: 'kind', model: model.id, prompt: '{{draft}}', maxTokens: 16, choices: ['metal', 'gas'] },
        { name: 'answer', model: model.id, prompt: '{{input}}: {{draft}}', maxTokens: 8 }
      ]
    }
  })
  const models = (await api.call('models')).items.map(({ id }) => id)
  const receipt = first('receipt', await client.call('receipts'))
  const channel = first('channel', await client.call('channels'))
  const epoch = first('epoch', await api.call('epochs'))
  const payout = first('payout', { items: epoch.payouts })
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
    compare: places.compare(models.slice(0, 2)),
    agents: places.agents,
    newAgent: places.newAgent,
    agent: places.agent(agent.id),
    askAgent: places.askAgent(agent.id),
    receipt: places.receipt(receipt.id),
    earnings: places.earnings,
    why: places.why(payout.account, epoch.pool, epoch.epoch),
    node: places.node,
    network: `${places.node}?view=network`,
    servers: places.servers,
    log: `${places.node}?view=log`,
    settings: `${places.node}?view=settings`,
    explorer: places.explorer,
    account: places.account(payout.account),
    version: places.version(datanet.id, 1),
    statements: places.statements(receipt.id),
    escrow: places.escrow(job.awards[0]?.escrow ?? ''),
    file: places.file(model.adapter ?? model.base),
    channel: places.channel(channel.id),
    epoch: places.epoch(epoch.pool, epoch.epoch),
    payout: places.payout(payout.account, epoch.pool, epoch.epoch),
    transaction: places.transaction(epoch.transaction ?? '')
  }
}
