import { checkResultDraw, playersOf } from '../../protocol/jobs/index.ts'
import type { JobResult } from '../../protocol/jobs/index.ts'
import { escrowId } from '../../protocol/contracts/index.ts'
import { InvalidError, TilthError } from '../../protocol/primitives/index.ts'
import type { ModelOnChain } from '../chain/types.ts'
import { deliveredLots, drawOf } from '../jobs/index.ts'
import type { PayoutsDeps } from './types.ts'

type AdmissionDeps = Pick<PayoutsDeps, 'chain' | 'files' | 'versions'>

/** What a model is admitted to its Datanet's pool by: a job on chain, and all that stands in it. */
export interface Admission {
  /** Of a registered model. @throws InvalidError `result.*`, `delivery.*` · what may be there later, as it is */
  admit(model: ModelOnChain, result: JobResult): Promise<void>
  /** The version's players and the chain's draw. @throws InvalidError `result.draw`, `result.players` */
  drawn(result: JobResult): Promise<void>
}

export function createAdmission({ chain, files, versions }: AdmissionDeps): Admission {
  async function drawn(result: JobResult): Promise<void> {
    checkResultDraw(result, {
      draw: await drawOf(chain, result.spec),
      players: playersOf(await versions.owners(result.spec))
    })
  }

  /** [reject] Every award's money was in escrow on chain, by this builder for that worker, and was paid out. */
  async function paid({ job, statement, lots }: JobResult): Promise<void> {
    const { builder } = statement.message
    for (const { award } of lots) {
      const { lot, worker, attempt } = award.statement.message
      const escrow = await escrowOn(escrowId({ builder, job, lot, worker, attempt }))
      if (escrow === undefined || escrow.state === 'refunded' || escrow.state === 'burnt')
        throw new InvalidError('result.unpaid', 'an adapter was trained for no money that the chain knows of')
      if (escrow.state !== 'released')
        throw new TilthError('result.early', 'an escrow of the job is not paid out yet', {
          help: 'Its builder pays it when the job is over.'
        })
    }
  }
  async function escrowOn(id: Parameters<typeof chain.ledger.escrow>[0]) {
    const known = await chain.ledger.escrow(id)
    if (known?.state === 'released' || known?.state === 'refunded') return known
    await chain.ledger.caughtUp() // it may be a block behind
    return chain.ledger.escrow(id)
  }

  /** [reject] What each worker has signed for is what stands in the result. */
  async function delivered(result: JobResult): Promise<void> {
    await deliveredLots({ files }, result, { brief: true })
  }

  return {
    drawn,
    async admit(model, result) {
      const { spec, job, statement } = result
      // [reject] The result is of this model's base, Datanet and version.
      if (spec.base !== model.base || spec.datanet !== model.datanet || spec.version !== model.version)
        throw new InvalidError('result.other', 'the registered result is of another base or Datanet version')
      // [reject] The registration names the job, and the job's builder is who registered the model.
      if (job !== model.job || statement.message.builder !== model.builder)
        throw new InvalidError('result.job', "the registration's job is not the result's, or is another builder's")
      // [reject] The deployed adapter is the one that everybody's rows made.
      if (result.adapters.at(-1) !== model.adapter)
        throw new InvalidError('result.adapter', 'the registered adapter is not the one that was trained on all rows')
      await drawn(result)
      await paid(result)
      await delivered(result)
    }
  }
}
