import { z } from 'zod'
import { agentStep, mostSteps } from '../../../protocol/models/agents/index.ts'
import { licenceText } from '../../../protocol/primitives/licences.ts'
import { splitParts } from '../../../protocol/primitives/split.ts'
import { named, paged, pageSchema, route, wanted } from './route.ts'
import { account, addressView, decimal, hash } from './views.ts'

/** A step as its builder writes it: its model by name or id. */
const stepRequest = agentStep.extend({ model: wanted })

export const agentRequest = z.strictObject({
  name: z.string().min(1).max(80),
  about: z.string().max(500).optional(),
  /** What one call of it costs beside its steps, in the token's smallest unit. */
  fee: decimal.default('0'),
  steps: z.array(stepRequest).min(1).max(mostSteps),
  /** How the fee is divided; it stands on no data. 1000 to who takes it and 9000 to its builder unless given. */
  split: splitParts.optional(),
  upstream: wanted.optional(),
  licence: licenceText.optional(),
  /** Who takes its fee; this node unless given. */
  worker: account.optional()
})

/** An agent without its steps: what its registration says. */
export const agentRow = z.object({
  id: hash,
  name: z.string(),
  builder: addressView,
  /** CID of its manifest. */
  manifest: z.string(),
  split: splitParts,
  /** The model that the split's upstream part goes to. */
  upstream: hash.optional(),
  retired: z.boolean(),
  /** Workers that take its fee now. */
  offered: z.int(),
  /**
   * What a call costs beside its steps; null while nobody offers it, which one without a fee need not be. In a list it
   * is its builder's or worker's word, or else the dearest: one agent alone is shown with its manifest's fee.
   */
  price: decimal.nullable()
})

export const agentView = agentRow.extend({
  about: z.string().optional(),
  fee: decimal,
  steps: z.array(
    agentStep.extend({
      model: hash,
      modelName: z.string(),
      builder: addressView,
      datanet: hash,
      /** Workers that offer its model now. */
      offered: z.int()
    })
  )
})
export type AgentView = z.infer<typeof agentView>

export const agentRoutes = {
  createAgent: route({
    method: 'POST',
    path: '/api/agents',
    stage: 'registration',
    summary: 'Publish and register an agent: steps over registered models, with a fee and a split of its own',
    body: agentRequest,
    reply: agentView
  }),
  agents: route({
    method: 'GET',
    path: '/api/agents',
    stage: 'registration',
    summary: 'Registered agents, and who takes their fees',
    asking: true,
    params: paged,
    reply: pageSchema(agentRow)
  }),
  agent: route({
    method: 'GET',
    path: '/api/agents/:id',
    stage: 'registration',
    summary: 'One agent: its steps, the models they ask and what its call costs',
    asking: true,
    params: named,
    reply: agentView
  })
} as const
