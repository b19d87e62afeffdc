import { flow } from '../../protocol/flow.ts'
import type { Stage } from '../../protocol/flow.ts'
import type { Totals } from '../chain/types.ts'
import { doingNow, mostDoing } from './doing.ts'
import { createRecent } from './recent.ts'
import { createTally } from './tally.ts'
import type { Tally } from './tally.ts'
import type { Flow, FlowDeps, StageView } from './types.ts'

interface Numbers {
  readonly chain: Totals
  readonly heard: Tally
  readonly jobs: number
  readonly offers: number
}

/** What each stage counts, and the money that goes by there. Whatever stands on chain is counted by the ledger. */
const counted: Readonly<Record<Stage, (numbers: Numbers) => { count: number | bigint; amount?: bigint }>> = {
  datanet: ({ chain }) => ({ count: chain.datanets }),
  contribution: ({ chain }) => ({ count: chain.commitments }),
  checks: ({ heard }) => ({ count: heard.checked }),
  votes: ({ heard }) => ({ count: heard.votes }),
  acceptance: ({ heard }) => ({ count: heard.accepted }),
  version: ({ chain }) => ({ count: chain.versions }),
  job: ({ jobs }) => ({ count: jobs }),
  bids: ({ heard }) => ({ count: heard.bids }),
  award: ({ chain }) => ({ count: chain.escrows, amount: chain.escrowed }),
  training: ({ heard }) => ({ count: heard.delivered }),
  delivery: ({ chain }) => ({ count: chain.releases, amount: chain.released }),
  registration: ({ chain }) => ({ count: chain.models }),
  offer: ({ offers }) => ({ count: offers }),
  inference: ({ heard }) => ({ count: heard.tokens }),
  receipt: ({ heard }) => ({ count: heard.receipts, amount: heard.fees }),
  attribution: ({ heard }) => ({ count: heard.scorings }),
  settlement: ({ chain }) => ({ count: chain.epochs, amount: chain.deposited }),
  claim: ({ chain }) => ({ count: chain.claims, amount: chain.paid })
}

/** The flow as this node sees it. */
export function createFlow(deps: FlowDeps): Flow {
  const tally = createTally(deps)
  const recent = createRecent(deps)
  const { chain, jobs, models } = deps

  async function look() {
    const [totals, doing] = await Promise.all([chain.ledger.totals(), doingNow(deps)])
    const numbers = {
      chain: totals,
      heard: tally.now(),
      jobs: jobs.jobs().length,
      offers: models.offers().length
    }
    const view = (stage: Stage): StageView => {
      const { count, amount } = counted[stage](numbers)
      return { stage, count: Number(count), active: doing.get(stage)?.length ?? 0, amount: amount ?? null }
    }
    return { view, doing }
  }

  return {
    name: 'flow',
    async start() {
      await tally.start()
      recent.start()
    },
    async stop() {
      recent.stop()
      await tally.stop()
    },
    async stages() {
      const { view } = await look()
      return flow.map(({ stage }) => view(stage))
    },
    async stage(stage) {
      const { view, doing } = await look()
      return {
        ...view(stage),
        doing: (doing.get(stage) ?? []).slice(0, mostDoing),
        happened: recent.at(stage)
      }
    }
  }
}
