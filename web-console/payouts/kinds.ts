import type { EarningsView } from '../../daemon/api/contract/earnings.ts'
import type { Phase } from '../../protocol/flow.ts'

export type WorkKind = EarningsView['income'][number]['kind']

interface Words {
  readonly name: string
  readonly phase: Phase
  /** Where the money comes from. */
  readonly from: string
  /** What brings some, for whoever has none. */
  readonly how: string
}

/** Each kind of work that is paid for. */
export const kindWords: Readonly<Record<WorkKind, Words>> = {
  data: {
    name: 'Data',
    phase: 'data',
    from: 'what rows added to answers, shared out by epochs',
    how: 'Contribute rows to a Datanet whose models are asked.'
  },
  training: {
    name: 'Training',
    phase: 'jobs',
    from: 'escrows of jobs that were trained here',
    how: 'Run a node as a worker: it bids for jobs by itself.'
  },
  serving: {
    name: 'Serving',
    phase: 'models',
    from: 'the worker’s part of the fees of its answers',
    how: 'Serve a model: clients pay for each token.'
  },
  building: {
    name: 'Building',
    phase: 'models',
    from: 'the builder’s part of the fees of its models',
    how: 'Make a model in ModelFactory, and register it.'
  },
  upstream: {
    name: 'Upstream',
    phase: 'models',
    from: 'what models that were grown from its own pass up of their fees',
    how: 'Register a model that others grow theirs from: they say what they pass up to it.'
  },
  settling: {
    name: 'Settling',
    phase: 'payouts',
    from: 'a tenth of the bond of each false epoch that it showed',
    how: 'A bonded node that watches epochs is paid for each false one that it shows.'
  },
  validating: {
    name: 'Validating',
    phase: 'data',
    from: 'a tenth of the stake of each validator that it caught voting twice',
    how: 'A validator is paid for showing that another one voted twice.'
  },
  scoring: {
    name: 'Scoring',
    phase: 'payouts',
    from: 'two hundredths of what each answer brought that was weighed here',
    how: 'Run a node as a scorer, with stake: chance draws what it weighs, and each word that counts is paid.'
  }
}

/** The order in which kinds are shown. */
export const kindOrder = Object.keys(kindWords) as readonly WorkKind[]

/** Where on the page each payment stands: sums lead there. */
export const paymentsPlace = 'payments'
