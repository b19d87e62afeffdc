/**
 * The whole flow, in order. The four phases name folders in every top-level directory; the stages name what happens
 * in them, who does it and what it leaves behind. The groups of the command line, the calls of the API, the tags of its
 * OpenAPI document and the stages of the local loop come from this table, and `node/node.ts` wires the services in its
 * order. A stage stands here once it is built.
 */
export const flow = [
  { phase: 'data', stage: 'datanet', by: 'host', leaves: 'rules, a roster of validators, held-out questions' },
  {
    phase: 'data',
    stage: 'contribution',
    by: 'contributor',
    leaves: 'a shard on IPFS, a signed commitment, then its reveal'
  },
  { phase: 'data', stage: 'checks', by: 'validators', leaves: 'a verdict with a code for each check' },
  { phase: 'data', stage: 'votes', by: 'validators', leaves: 'commitments, then reveals' },
  {
    phase: 'data',
    stage: 'acceptance',
    by: 'anyone',
    leaves: 'a certificate: a quorum of signatures over one verdict'
  },
  { phase: 'data', stage: 'version', by: 'host', leaves: 'the Merkle root of the accepted set, anchored' },
  {
    phase: 'jobs',
    stage: 'job',
    by: 'builder',
    leaves: 'a signed request: base, Datanet version, settings, budget'
  },
  { phase: 'jobs', stage: 'bids', by: 'workers', leaves: 'signed bids' },
  { phase: 'jobs', stage: 'award', by: 'builder', leaves: 'awards, and their price in escrow' },
  { phase: 'jobs', stage: 'training', by: 'worker', leaves: 'an adapter, its training log, sibling adapters' },
  { phase: 'jobs', stage: 'delivery', by: 'builder', leaves: 'a measured held-out loss, and the escrow released' },
  {
    phase: 'models',
    stage: 'registration',
    by: 'builder',
    leaves: 'base, adapter, Datanet version, price and split on chain'
  },
  {
    phase: 'models',
    stage: 'offer',
    by: 'worker',
    leaves: 'price and capacity by gossip, a provider record in the DHT'
  },
  { phase: 'models', stage: 'inference', by: 'client and worker', leaves: 'streamed tokens, paid as they come' },
  {
    phase: 'models',
    stage: 'receipt',
    by: 'client and worker',
    leaves: 'a hash-chained receipt with both signatures'
  },
  {
    phase: 'payouts',
    stage: 'attribution',
    by: 'bonded scorers',
    leaves: 'integer weights per contributor for each answer'
  },
  {
    phase: 'payouts',
    stage: 'settlement',
    by: 'a bonded peer',
    leaves: "an epoch's roots on chain, open to challenge"
  },
  {
    phase: 'payouts',
    stage: 'claim',
    by: 'contributor, worker, builder',
    leaves: 'tokens, against a Merkle proof'
  }
] as const

export type FlowRow = (typeof flow)[number]
export type Phase = FlowRow['phase']
export type Stage = FlowRow['stage']

/** The phases in their order. */
export const phases = [...new Set(flow.map(({ phase }) => phase))] as readonly Phase[]

const byStage = new Map<Stage, FlowRow>(flow.map(row => [row.stage, row]))
/** The row of a stage. */
export const rowOf = (stage: Stage): FlowRow => byStage.get(stage) as FlowRow
/** `data` as a heading: `Data`. */
export const titleOf = (phase: Phase): string => phase.charAt(0).toUpperCase() + phase.slice(1)

/** Where each piece of the phases' news belongs; null for what is told by what is under way. */
export const stageOfNews = {
  'data.datanet': 'datanet',
  'data.committed': 'contribution',
  'data.revealed': 'contribution',
  'data.checked': 'checks',
  'data.voted': 'votes',
  'data.decided': 'acceptance',
  'data.double-vote': 'votes',
  'data.challenged': 'acceptance',
  'data.jury': 'acceptance',
  'data.removed': 'version',
  'data.unsent': 'contribution',
  'data.version': 'version',
  'data.rules': 'datanet',
  'data.host': 'datanet',
  'data.questions': 'datanet',
  'jobs.posted': 'job',
  'jobs.bid': 'bids',
  'jobs.awarded': 'award',
  'jobs.progress': null,
  'jobs.delivered': 'training',
  'jobs.accepted': 'delivery',
  'jobs.reoffered': 'award',
  'jobs.paused': 'training',
  'jobs.draft': null,
  'jobs.completed': 'delivery',
  'jobs.expired': 'job',
  'models.registered': 'registration',
  'models.offered': null,
  'models.withdrawn': 'offer',
  'models.answering': null,
  'models.receipt': null,
  'models.redeemed': 'receipt',
  'models.failed': 'inference',
  'payouts.receipt': 'receipt',
  'payouts.scored': 'attribution',
  'payouts.disagreement': 'attribution',
  'payouts.closing': 'settlement',
  'payouts.anchored': 'attribution',
  'payouts.drawn': 'attribution',
  'payouts.audited': 'registration',
  'payouts.proposed': 'settlement',
  'payouts.disputed': 'settlement',
  'payouts.challenged': 'settlement',
  'payouts.vetoed': 'settlement',
  'payouts.voided': 'settlement',
  'payouts.finalized': 'settlement',
  'payouts.claimed': 'claim',
  'payouts.slashed': 'settlement'
} as const satisfies Readonly<Record<string, Stage | null>>
