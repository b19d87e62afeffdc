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

/** The least of what is asked for a call. */
const priceOf = ({ offers }: Pick<ModelView, 'offers'>): string | null =>
  offers.length === 0
    ? null
    : offers
        .map(({ outputPrice }) => outputPrice)
        .reduce((low, price) => (price < low ? price : low))
        .toString()

const rowOf = (record: ModelView): Row => ({
  id: record.id,
  name: record.name,
  builder: record.builder,
  manifest: record.base,
  split: record.split,
  retired: record.retired,
  offered: record.offers.length,
  price: priceOf(record)
})

export function agentHandlers({ models, roles }: Pick<Node, 'models' | 'roles'>, which: Which): Pick<Handlers, Names> {
  const viewOf = ({ record, manifest: { about, fee, steps } }: NodeAgent): AgentView => ({
    ...rowOf(record),
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
      return pageOf(all.map(rowOf), params, ({ id }) => id)
    },
    agent: async ({ params }) => viewOf(await models.agent((await which.model(params.id)).id as Hex))
  }
}
