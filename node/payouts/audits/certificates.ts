import { auditId } from '../../../protocol/contracts/index.ts'
import { usualAuditedSegments } from '../../../protocol/data/index.ts'
import { certificateOf, payOf, standing } from '../../../protocol/jobs/index.ts'
import type { AuditedLot, Certificate, JobResult } from '../../../protocol/jobs/index.ts'
import { canonicalJson, InvalidError, TilthError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { AuditRecord, AuditRound, ModelOnChain } from '../../chain/types.ts'
import { deliveredLots } from '../../jobs/index.ts'
import { createCache } from '../../runtime/index.ts'
import { modelsKnown } from '../limits.ts'
import type { AuditView, PayoutsDeps } from '../types.ts'

export interface Certificates {
  /** Segments that a model's Datanet asked to be run again when it was registered; 0 where it asks for none. */
  asked(model: Pick<ModelOnChain, 'id' | 'datanet'>): Promise<number>
  /**
   * What the words of a round come to, as they stand before a moment, or now; undefined before its draw.
   * @throws as `deliveredLots`
   */
  round(
    audit: Pick<AuditRecord, 'model' | 'pool'>,
    round: AuditRound,
    result: JobResult,
    lots: readonly AuditedLot[],
    before?: bigint
  ): Promise<Certificate | undefined>
  /** How a model's admission stands, or stood before a moment. @throws as `deliveredLots` */
  of(model: ModelOnChain, result: JobResult, before?: bigint): Promise<AuditView>
  /**
   * [reject] Auditors whom chance has drawn have run steps of its trainings again, and over two thirds of those of each
   * segment have found that they agree, in words that the roster has not struck. Words and strikes count that stood on
   * chain before a moment: an epoch's, so that its settler and its watchers find the same whenever they look.
   * @param before chain seconds; without it all that is known
   * @throws TilthError `audit.waiting` (retry) · InvalidError `audit.refused`, `audit.other` · as `of`
   */
  require(model: ModelOnChain, result: JobResult, before?: bigint): Promise<void>
}

export function createCertificates({
  chain: { ledger },
  versions,
  files
}: Pick<PayoutsDeps, 'chain' | 'versions' | 'files'>): Certificates {
  /** By all that a certificate follows from. */
  const passed = createCache<string, true>({ max: modelsKnown })

  async function registered(model: Hex) {
    return (await ledger.model(model)) ?? (await ledger.caughtUp().then(() => ledger.model(model)))
  }

  async function asked({ id, datanet }: Pick<ModelOnChain, 'id' | 'datanet'>): Promise<number> {
    if (datanet === zeroHash) return 0
    return versions.auditedSegments(datanet, (await registered(id))?.block)
  }

  async function round(
    { model, pool }: Pick<AuditRecord, 'model' | 'pool'>,
    { seed, panel, words: said, strikes, segments }: AuditRound,
    result: JobResult,
    lots: readonly AuditedLot[],
    before?: bigint
  ): Promise<Certificate | undefined> {
    if (seed === null) return undefined
    const words = standing({ words: said, strikes }, before)
    // Its builder may have opened it before the rules asked for any.
    const count = (await asked({ id: model, datanet: pool })) || usualAuditedSegments
    return certificateOf(result, lots, { seed, panel, words, segments }, count)
  }

  const recordOf = ({ builder, job }: ModelOnChain): Promise<AuditRecord | undefined> =>
    ledger.audit(auditId(builder, job))

  /** How it stands by what was read of its audit. */
  async function viewOf(
    model: ModelOnChain,
    found: AuditRecord | undefined,
    result: JobResult,
    before?: bigint
  ): Promise<AuditView> {
    const segments = await asked(model)
    const id = auditId(model.builder, model.job)
    const base = { model: model.id, asked: segments, audit: found === undefined ? null : id, rounds: 0, segments: [] }
    if (segments === 0 && found === undefined) return { ...base, state: 'unaudited' }
    if (found === undefined) return { ...base, state: 'unopened' }
    // [reject] What was audited is this very result: its deliveries stood on chain before anybody drew.
    if ((await registered(found.model))?.registration.result !== model.result)
      return { ...base, rounds: found.rounds.length, state: 'other' }
    const lots = await deliveredLots({ files }, result, { brief: true })
    let last: { round: AuditRound; certificate: Certificate | undefined } | undefined
    for (const one of found.rounds) {
      last = { round: one, certificate: await round(found, one, result, lots, before) }
      if (last.certificate?.passed === true) break
    }
    const { certificate } = last ?? {}
    const unstruck = last && (await round(found, { ...last.round, strikes: [] }, result, lots, before))
    return {
      ...base,
      rounds: found.rounds.length,
      segments: certificate?.segments ?? [],
      ...(last === undefined
        ? {}
        : {
            round: last.round.number,
            seed: last.round.seed,
            panel: last.round.panel,
            until: last.round.until,
            pay: payIn(last.round)
          }),
      state: stateOf(found, last?.round, certificate, unstruck?.passed === true)
    }
  }

  return {
    asked,
    round,
    of: async (model, result, before) => viewOf(model, await recordOf(model), result, before),
    async require(model, result, before) {
      if ((await asked(model)) === 0) return
      // A name and what stands under it are of the same record, whatever comes in meanwhile.
      const nameOf = (found: AuditRecord | undefined): string =>
        canonicalJson([model.id, found?.model ?? '', ...(found?.rounds ?? []).map(one => markOf(one, before))])
      let found = await recordOf(model)
      if (passed.get(nameOf(found)) !== undefined) return
      let view = await viewOf(model, found, result, before)
      if (view.state !== 'passed') {
        await ledger.caughtUp() // it may be a block behind
        found = await recordOf(model)
        view = await viewOf(model, found, result, before)
      }
      if (view.state === 'passed') passed.set(nameOf(found), true)
      else throw whyNot(view)
    }
  }
}

/** What of a round a certificate follows from. */
const markOf = ({ seed, segments, words, strikes }: AuditRound, before: bigint | undefined): unknown => [
  seed,
  segments,
  standing({ words, strikes }, before).map(({ at: _at, ...word }) => word)
]

/** What its auditors are paid: what they were once it was closed, before that what they would be now. */
function payIn(round: AuditRound): NonNullable<AuditView['pay']> {
  const { seed, panel, segments, fee, paid, absent, closed } = round
  const now = seed === null ? [] : payOf({ seed, panel, words: standing(round) }, { segments, fee })
  const amounts = closed ? paid : panel.map((auditor, i) => ({ auditor, amount: now[i] ?? 0n }))
  return { segments, fee, closed, paid: amounts.filter(({ amount }) => amount > 0n), absent }
}

function stateOf(
  { refused }: AuditRecord,
  round: AuditRound | undefined,
  certificate: Certificate | undefined,
  hadPassed: boolean
): AuditView['state'] {
  if (certificate?.passed === true) return 'passed'
  if (refused) return 'refused'
  if (round?.closed === true && hadPassed) return 'struck'
  if (round?.closed === true && round.seed !== null) return 'lapsed'
  return certificate === undefined ? 'undrawn' : certificate.nobody > 0 ? 'nobody' : 'running'
}

/** What a model waits for, or why it is never admitted, for people. */
export const auditWords: Readonly<Record<AuditView['state'], string>> = {
  unaudited: "its Datanet's rules ask for no audit: it is admitted by its papers alone",
  unopened: 'its builder has not opened the audit of its trainings, which takes a bond',
  undrawn: 'auditors are not drawn yet: that takes some blocks, and a scorer with a seat in the pool',
  running: 'auditors run parts of its trainings again',
  nobody: 'of a part that was drawn every auditor is a party: more scorers need seats in the pool, for the next round',
  lapsed: 'too few auditors spoke in time, or of what was drawn: its builder opens another round, eight in all',
  passed: 'drawn auditors have run parts of its trainings again, and they agree',
  struck: 'its validators have found words to be false that had certified it: its builder may open another round',
  refused: 'drawn auditors have run parts of its trainings again, and they do not agree',
  other: 'its job was audited with another result'
}

function whyNot({ state }: AuditView): TilthError {
  if (state === 'refused' || state === 'other')
    return new InvalidError(`audit.${state}`, auditWords[state], {
      help: 'Its data are paid nothing by it: tune anew.'
    })
  return new TilthError('audit.waiting', `the model waits for its audit: ${auditWords[state]}`, {
    consequence: 'retry',
    help: 'See `tilth audit model ID`. Scorers with stake take seats by themselves.'
  })
}
