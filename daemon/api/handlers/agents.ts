import { checkLicence } from '../../../protocol/data/index.ts'
import { checkManifest, isAgent } from '../../../protocol/models/index.ts'
import { pageOf } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { AgentView as NodeAgent, ModelView } from '../../../node/models/index.ts'
import type { Node } from '../../../node/node.ts'
import type { AgentView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

type Names = 'createAgent' | 'agents' | 'agent'
type Row = Omit<AgentView, 'about' | 'fee' | 'steps'>

/**
 * What a call costs beside its steps, and how many take it. Anybody can offer an agent at any price, and only the
 * manifest's is ever paid: where that is not read, its builder's or worker's word stands for it, else the dearest.
 */
function tollOf({ builder, worker, offers }: ModelView, fee?: bigint): { price: string | null; offered: number } {
  const tolls = offers.filter(({ inputPrice }) => inputPrice === 0n)
  const own = tolls.find(one => one.worker === builder) ?? tolls.find(one => one.worker === worker)
  const dearest = tolls.reduce((high, { outputPrice }) => (outputPrice > high ? outputPrice : high), 0n)
  const price = fee ?? own?.outputPrice ?? dearest
  const offered = tolls.filter(({ outputPrice }) => outputPrice === price).length
  return { price: offered === 0 ? null : price.toString(), offered }
}

const rowOf = (record: ModelView, fee?: bigint): Row => ({
  id: record.id,
  name: record.name,
  builder: record.builder,
  manifest: record.base,
  split: record.split,
  ...(record.upstream === undefined ? {} : { upstream: record.upstream }),
  retired: record.retired,
  ...tollOf(record, fee)
})

export function agentHandlers({ models, roles }: Pick<Node, 'models' | 'roles'>, which: Which): Pick<Handlers, Names> {
  const viewOf = ({ record, manifest: { about, fee, steps } }: NodeAgent): AgentView => ({
    ...rowOf(record, fee),
    ...(about === undefined ? {} : { about }),
    fee: fee.toString(),
    steps: steps.map(step => {
      const of = models.model(step.model)
      return {
        ...step,
        modelName: of?.name ?? '',
        builder: of?.builder ?? record.builder,
        datanet: of?.datanet ?? step.model,
        offered: of?.offers.length ?? 0
      }
    })
  })

  return {
    async createAgent({ body: { name, about, fee, steps, split, upstream, licence = '', worker } }) {
      if (licence !== '') checkLicence(licence)
      // A name that means a model now is that model for good: its id stands in the manifest.
      const resolved = await Promise.all(
        steps.map(async step => ({ ...step, model: (await which.asked(step.model)).id }))
      )
      const manifest = checkManifest({
        kind: 'tilth agent',
        version: 1,
        ...(about === undefined ? {} : { about }),
        fee,
        steps: resolved
      })
      const record = await models.registerAgent({
        name,
        manifest,
        ...(split === undefined ? {} : { split }),
        ...(upstream === undefined ? {} : { upstream: (await which.asked(upstream)).id }),
        ...(licence === '' ? {} : { licence }),
        ...(worker === undefined ? {} : { worker })
      })
      if (manifest.fee > 0n && roles.includes('worker')) await models.offer({ model: record.id })
      return viewOf(await models.agent(record.id))
    },
    async agents({ params }) {
      const all = models.models().filter(model => isAgent(model) && !model.retired)
      return pageOf(
        all.map(one => rowOf(one)),
        params,
        ({ id }) => id
      )
    },
    agent: async ({ params }) => viewOf(await models.agent((await which.model(params.id)).id as Hex))
  }
}
