import { withDataShare } from '../../../protocol/primitives/index.ts'
import type { ModelView } from '../../api/contract/index.ts'
import { dim, red, safe, short, table, tokens, yellow } from '../output.ts'
import { sharesText, splitAsFlag } from '../split.ts'

const madeOf = ({ adapter, agent, licence, ...shares }: ModelView): string =>
  `${agent === true ? 'agent' : adapter === null ? 'base model' : `adapter ${adapter}`}  ${sharesText(shares)}` +
  (licence === undefined ? '' : `  licence ${safe(licence)}`)

/** What its rows' contributors or validators have decided since it was made, and what can be done. */
const leftText = ({ left, name }: ModelView): string[] =>
  left === undefined
    ? []
    : [
        `${left} ${left === 1 ? 'contribution' : 'contributions'} that it was grown from ` +
          `${left === 1 ? 'has' : 'have'} left: tilth tune --like ${safe(name)}`
      ]

/** That its data have too small a part of its fees, and what its builder does about it. */
export const shareAdvice = ({
  id,
  split,
  leastDataShare
}: Pick<ModelView, 'id' | 'split' | 'leastDataShare'>): string | undefined =>
  leastDataShare === undefined
    ? undefined
    : `its data get ${split.data / 100} % of its fees and its Datanet asks for ${leastDataShare / 100} %: its ` +
      'answers are never weighed, and what they bring to its data is held. ' +
      `Its builder mends it: tilth models split ${id} --split ${splitAsFlag(withDataShare(split, leastDataShare))}`

/** What its audit waits for, or that it never counts; nothing where it is admitted. */
export const auditAdvice = (audit: Pick<NonNullable<ModelView['audit']>, 'state' | 'why'> | undefined): string[] => {
  if (audit === undefined || audit.state === 'passed' || audit.state === 'unaudited') return []
  const never = audit.state === 'refused' || audit.state === 'other'
  return [never ? `its data are never paid by it: ${audit.why}` : `its answers count once it is audited: ${audit.why}`]
}

const auditText = ({ audit }: ModelView): string | undefined =>
  audit?.state !== 'passed'
    ? undefined
    : `${audit.segments.length} parts of its trainings run again by ` +
      `${new Set(audit.segments.flatMap(({ agreed }) => agreed)).size} auditors, round ${audit.round ?? 1}`

/** What its builder pays for that. */
const auditPayText = ({ audit }: ModelView): string | undefined => {
  if (audit?.pay === undefined) return undefined
  const { fee, closed, paid, absent } = audit.pay
  const sum = paid.reduce((all, { amount }) => all + BigInt(amount), 0n)
  const to = `${paid.length} ${paid.length === 1 ? 'auditor' : 'auditors'}`
  return (
    `${tokens(sum)} tokens ${closed ? 'paid' : 'to be paid as words stand'} to ${to}, ${tokens(fee)} for each run` +
    (absent.length === 0 ? '' : `; ${absent.length} said nothing, and paid for that`)
  )
}

const warnings = (model: ModelView): string[] => {
  const share = shareAdvice(model)
  const advice = [...leftText(model), ...(share === undefined ? [] : [share]), ...auditAdvice(model.audit)]
  return advice.map(text => yellow(`  ${text}`))
}

/** That drawn scorers have found a worker's answers to be by other weights, and until when it is passed over. */
export const foundOutText = ({ foundOut }: Pick<ModelView['offers'][number], 'foundOut'>): string =>
  foundOut === undefined
    ? ''
    : red(`found out: not asked until ${new Date(foundOut.passedOverUntil).toLocaleDateString()}`)

/** One of several models: what it is made of, what its builder should know, and who offers it. */
export const modelText = (model: ModelView): string =>
  [
    `${safe(model.name)}  ${dim(model.id)}`,
    `  ${madeOf(model)}`,
    ...warnings(model),
    model.offers.length === 0
      ? dim('  nobody serves it now')
      : table(
          ['  served by', 'per input token', 'per output token', 'tokens/s', ''],
          model.offers.map(offer => [
            `  ${short(offer.worker)}`,
            tokens(offer.inputPrice),
            tokens(offer.outputPrice),
            String(offer.tokensPerSecond),
            foundOutText(offer)
          ]),
          [1, 2, 3]
        )
  ].join('\n')

const row = (label: string, text: string | undefined | null): string[] =>
  text === undefined || text === null ? [] : [`  ${label.padEnd(9)}${text}`]

/** All that is known of one model. */
export const modelPage = (model: ModelView): string =>
  [
    `${safe(model.name)}  ${dim(model.id)}`,
    ...row('builder', model.builder),
    ...row(model.agent === true ? 'manifest' : 'base', safe(model.base)),
    ...row(
      'adapter',
      model.agent === true
        ? 'none: it is an agent, see `tilth agent show`'
        : model.adapter === null
          ? 'none: it is the base itself'
          : safe(model.adapter)
    ),
    ...row(
      'trained',
      model.result === null || model.agent === true ? null : `by ${model.worker}, result ${safe(model.result)}`
    ),
    ...row('data', model.version === 0 ? null : `version ${model.version} of Datanet ${model.datanet}`),
    ...row('audit', auditText(model)),
    ...row('', auditPayText(model)),
    ...row('fees', sharesText(model)),
    ...row('upstream', model.upstream),
    ...row('licence', model.licence === undefined ? 'none is named' : safe(model.licence)),
    ...warnings(model),
    model.offers.length === 0
      ? dim('  nobody serves it now')
      : table(
          ['  served by', 'tokens per 1000 in', 'per 1000 out', 'tokens/s', 'free', 'says: where', 'weights', ''],
          model.offers.map(offer => [
            `  ${offer.worker}`,
            tokens(1000n * BigInt(offer.inputPrice)),
            tokens(1000n * BigInt(offer.outputPrice)),
            String(offer.tokensPerSecond),
            String(offer.capacity),
            safe(offer.region ?? '–'),
            safe(offer.weights ?? '–'),
            foundOutText(offer)
          ]),
          [1, 2, 3, 4]
        )
  ].join('\n')
