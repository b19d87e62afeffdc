import type { Node } from '../../../../node/node.ts'
import { auditWords } from '../../../../node/payouts/index.ts'
import type { Provenance } from '../../../../node/payouts/index.ts'
import { modelId } from '../../../../protocol/contracts/index.ts'
import { coalitionsOf } from '../../../../protocol/jobs/index.ts'
import { InvalidError, NotFoundError, exactTokenText, splitText } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { TraceStep } from '../../contract/index.ts'
import { fact, holds, look } from './checks.ts'

type Parts = Pick<Node, 'chain' | 'payouts' | 'data' | 'network'>

/** The model as it is registered. */
export async function registrationStep({ chain }: Parts, model: Hex): Promise<TraceStep> {
  const known = await chain.models.model(model)
  if (known === undefined) throw new NotFoundError('model.unknown', `there is no model ${model} on chain`)
  const { id: _id, builder, retired: _retired, ...registration } = known
  return {
    stage: 'registration',
    title: 'The model',
    facts: [
      fact('model', model),
      fact('name', registration.name),
      fact('builder', builder),
      fact('base', registration.base),
      // A base has neither.
      ...(registration.adapter === '' ? [] : [fact('adapter', registration.adapter)]),
      ...(registration.result === '' ? [] : [fact('result', registration.result)]),
      fact('split', splitText(registration.split)),
      ...(registration.upstream === undefined ? [] : [fact('upstream', registration.upstream)])
    ],
    checks: [
      holds(
        'Its id',
        modelId(builder, registration) === model,
        'is the hash of its registration on chain',
        'is not the hash of its registration'
      )
    ]
  }
}

/** The job that made it, its draw, its adapters and who was paid for them. */
export async function trainingSteps(parts: Parts, model: Hex): Promise<{ steps: TraceStep[]; of: Provenance | null }> {
  let of: Provenance | null = null
  const admitted = await look('Its admission to the pool', async () => {
    of = await parts.payouts.provenance(model)
    if (of === null) return 'it has no siblings: nothing of its fees is divided'
    return (
      'the job is signed by who registered the model, its players are the version’s, its adapters were delivered as ' +
      'they stand, no two are the same, and each was paid for on chain'
    )
  })
  const found = of as Provenance | null
  if (found === null)
    return { steps: [{ stage: 'training', title: 'Its training', facts: [], checks: [admitted] }], of }
  const { result } = found
  const escrows = await Promise.all(result.lots.map(({ award }) => escrowFact(parts, result, award)))
  return {
    of: found,
    steps: [
      {
        stage: 'training',
        title: 'Its training, and its siblings',
        facts: [
          fact('job', result.job),
          fact('settings', JSON.stringify(result.spec.settings)),
          fact('players', result.players.length),
          fact('siblings', result.adapters.length - 2),
          ...result.lots.map(({ delivery: { message } }) =>
            fact('committed', `${message.worker} signed ${message.log} for adapters, logs and states (${message.cid})`)
          ),
          ...escrows
        ],
        checks: [
          admitted,
          holds(
            'Its coalitions',
            coalitionsOf(result.draw, result.players.length, result.spec.coalitions).map(String).join() ===
              result.coalitions.join(),
            `were drawn by ${result.draw}, the hash of the block in which the chain first took the version`,
            'are not those of its draw'
          )
        ]
      }
    ]
  }
}

/** Who has run parts of its trainings again, and what they have said of them on chain. */
export async function certificateStep({ payouts }: Pick<Parts, 'payouts'>, model: Hex): Promise<TraceStep> {
  const facts: TraceStep['facts'] = []
  let unseen = true
  const check = await look('Its certificate', async () => {
    const audit = await payouts.audit(model)
    if (audit === null) return 'it has no siblings: nothing of its fees is divided'
    if (audit.audit !== null) facts.push(fact('audit', audit.audit), fact('round', audit.round ?? audit.rounds))
    if (audit.seed !== undefined && audit.seed !== null) facts.push(fact('drawn by', audit.seed))
    const count = (some: number, one: string, more: string): string => `${some} ${some === 1 ? one : more}`
    for (const { coalition, segment, worker, auditors, agreed, disagreed } of audit.segments)
      facts.push(
        fact(
          `segment ${segment} of coalition ${coalition}`,
          `by ${worker}, run again by ${auditors.join(', ') || 'nobody'}: ${count(agreed.length, 'agrees', 'agree')}` +
            (disagreed.length === 0 ? '' : `, ${count(disagreed.length, 'does', 'do')} not`)
        )
      )
    const { pay } = audit
    for (const { auditor, amount } of pay?.paid ?? [])
      facts.push(fact(auditor, `${pay?.closed === true ? 'was' : 'would be'} paid ${exactTokenText(amount)} tokens`))
    for (const auditor of pay?.absent ?? []) facts.push(fact(auditor, 'said nothing in time, and has paid for it'))
    if (audit.state === 'refused' || audit.state === 'other')
      throw new InvalidError(`audit.${audit.state}`, auditWords[audit.state])
    unseen = audit.state !== 'passed'
    return auditWords[audit.state]
  })
  // What nobody has run again neither holds nor is broken.
  return {
    stage: 'training',
    title: 'Run again before it earned',
    facts,
    checks: [unseen && check.holds === true ? { ...check, holds: null } : check]
  }
}

type Result = Provenance['result']
async function escrowFact({ chain }: Parts, { job, statement }: Result, award: Result['lots'][number]['award']) {
  const { worker, lot, attempt, price } = award.statement.message
  const id = chain.escrows.idOf({ builder: statement.message.builder, job, lot, worker, attempt })
  const escrow = await chain.ledger.escrow(id)
  const what = award.lot.kind === 'adapter' ? 'the adapter' : `${award.lot.coalitions.length} siblings`
  return fact(
    worker,
    `trained ${what} for ${exactTokenText(price)} tokens; escrow ${id} is ${escrow?.state ?? 'unknown'}`
  )
}

/** The version it learnt: who gave what, accepted by whose votes. */
export async function versionStep({ chain, data }: Parts, { result }: Provenance): Promise<TraceStep> {
  const { datanet, version, manifest: cid } = result.spec
  const anchored = await chain.ledger.version(datanet, version)
  const facts = [fact('datanet', datanet), fact('version', version), fact('manifest', cid)]
  if (anchored !== undefined) facts.push(fact('anchored by', anchored.transaction), fact('root', anchored.root))
  const checks = [
    await look('The version', async () => {
      // Read, it is checked: root, order of authorship, and each entry's certificate against the roster.
      const { entries } = await data.manifest(datanet, version)
      const left = new Map((await data.leftSince(datanet, version)).map(one => [one.contribution, one.removed]))
      for (const { contribution, contributor, own, certificate } of entries) {
        const says = `contribution ${contribution}: ${own.length} rows of its own, ${certificate.votes.length} votes`
        // What has left counts on for what was made of it, and whoever reads this has to know that it is not there.
        const removed = left.get(contribution)
        const since = removed === undefined ? '' : `, ${removed === 'withdrawn' ? 'withdrawn' : 'taken down'} since`
        facts.push(fact(contributor, `${says}${since}`))
      }
      return 'its entries hash to the root on chain, and each was accepted by a quorum of validators'
    }),
    holds('Its manifest', anchored?.cid === cid, 'is the one that stands on chain', 'is another than stands on chain')
  ]
  return { stage: 'version', title: 'The rows it learnt', facts, checks }
}
