import { z } from 'zod'
import { flow } from '../../../protocol/flow.ts'
import type { Stage } from '../../../protocol/flow.ts'
import { eventView } from './events.ts'
import { route } from './route.ts'
import { addressView, decimal, hash } from './views.ts'

// The flow as one picture: how much has come through each stage, and what is under way there now, as this node sees
// it. What it does not hear (votes of a Datanet that it does not follow, losses of others' trainings) is not in it.

const stage = z.enum(flow.map(row => row.stage) as [Stage, ...Stage[]])

export const stageView = z.object({
  stage,
  /**
   * What has come through: what stands on chain by the chain; checks, votes, acceptances, bids, trainings, receipts and
   * scorings as this node heard them since it began; offers that stand now; of answers their tokens.
   */
  count: z.int(),
  /** What is under way there now. */
  active: z.int(),
  /** Money that went by; null at stages without any. */
  amount: decimal.nullable()
})
export type StageView = z.infer<typeof stageView>

/** One thing that is under way. */
export const doingView = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('contribution'),
    id: hash,
    datanet: hash,
    name: z.string(),
    contributor: addressView,
    rows: z.int(),
    /** What this node's own checks say; null before them. */
    advice: z.boolean().nullable(),
    /** Weights of the roster: revealed for and against, committed, and all. */
    accepting: z.int(),
    rejecting: z.int(),
    committed: z.int(),
    total: z.int(),
    closesAt: z.int().nullable()
  }),
  z.object({
    kind: z.literal('job'),
    job: hash,
    state: z.string(),
    builder: addressView,
    datanet: hash,
    bids: z.int(),
    refusals: z.int(),
    budget: decimal,
    deadline: z.int()
  }),
  z.object({
    kind: z.literal('training'),
    job: hash,
    datanet: hash,
    worker: addressView,
    lot: z.enum(['adapter', 'siblings']),
    price: decimal,
    /** Told to its builder and its worker only. */
    progress: z
      .object({ step: z.int(), steps: z.int(), loss: z.number(), secondsLeft: z.number(), tokensPerSecond: z.number() })
      .nullable(),
    /** Mean loss of steps so far, no more than a hundred of them, evenly chosen. */
    loss: z.array(z.number()).readonly()
  }),
  z.object({
    kind: z.literal('answer'),
    number: z.int(),
    role: z.enum(['client', 'worker']),
    model: hash,
    name: z.string(),
    peer: addressView.nullable(),
    tokens: z.int(),
    wanted: z.int(),
    startedAt: z.number()
  }),
  z.object({
    kind: z.literal('offer'),
    model: hash,
    name: z.string(),
    worker: addressView,
    outputPrice: decimal,
    tokensPerSecond: z.int(),
    capacity: z.int()
  }),
  z.object({
    kind: z.literal('epoch'),
    pool: hash,
    epoch: z.int(),
    receipts: z.int(),
    payoutsTotal: decimal,
    /** Milliseconds since 1970: until then it can be challenged. */
    closesAt: z.int(),
    faults: z.array(z.string()).readonly().nullable()
  })
])
export type DoingView = z.infer<typeof doingView>

export const stageNowView = stageView.extend({
  doing: z.array(doingView).readonly(),
  /** What happened there last, since this node's start, the newest first. */
  happened: z.array(eventView.omit({ id: true })).readonly()
})
export type StageNowView = z.infer<typeof stageNowView>

export const flowRoutes = {
  flow: route({
    method: 'GET',
    path: '/api/flow',
    stage: 'node',
    summary: 'How much has come through each stage of the flow, and what is under way now, as this node sees it',
    reply: z.object({ stages: z.array(stageView).readonly() })
  }),
  flowStage: route({
    method: 'GET',
    path: '/api/flow/:stage',
    stage: 'node',
    summary: 'What happens at one stage of the flow now, and what happened there last',
    params: z.object({ stage }),
    reply: stageNowView
  })
} as const
