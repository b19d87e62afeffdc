import type { ApiClient, WhyAnswerView, WhyShareView } from '../../api/contract/index.ts'
import { bold, dim, plural, safe, short, tokens } from '../output.ts'

/** Answers that are named under a sum. */
const mostAnswers = 5

/** What one epoch gave an account, and the answers that it came from. */
export interface Reason {
  readonly share: WhyShareView
  /** The newest of them. */
  readonly answers: readonly WhyAnswerView[]
  readonly more: boolean
}

/** What came up to a model of an account from those that were grown from it. */
interface Passed {
  readonly upstream: {
    readonly model: string
    readonly name: string
    readonly amount: string
    readonly payments: number
  }
}

/** Payments that are looked through for what came up, the newest. */
const mostPayments = 1000

async function passedTo(api: ApiClient, account: string): Promise<Passed[]> {
  const { items } = await api.call('income', { params: { account, limit: mostPayments } })
  const came = items.filter(({ kind }) => kind === 'upstream')
  return [...Map.groupBy(came, ({ of }) => of ?? '')].map(([model, all]) => ({
    upstream: {
      model,
      name: all[0]?.name ?? '',
      amount: all.reduce((sum, { amount }) => sum + BigInt(amount), 0n).toString(),
      payments: all.length
    }
  }))
}

const passedText = ({ upstream: { name, model, amount, payments } }: Passed): string =>
  [
    bold(`${tokens(amount)} tokens upstream, to ${safe(name)}`),
    `  models that were grown from it passed a part of their fees up, in ${plural(payments, 'payment')}: how much is`,
    '  their builders’ to say, and stands in their registrations; it is divided as its own fees are, but for the part',
    `  of workers. More is passed when they are asked more: tilth models ${short(model)}`
  ].join('\n')

/** Every epoch's share of an account, each with its reasons, after what came up from others' models. */
export async function whyPage(
  api: ApiClient,
  account: string,
  page: { limit: number; cursor?: string }
): Promise<{ items: (Reason | Passed)[]; next: string | null }> {
  let { items, next } = await api.call('shares', { params: { account, ...page } })
  // Only when all were looked through is it known that none has given anything.
  while (items.length === 0 && next !== null)
    ({ items, next } = await api.call('shares', { params: { account, ...page, cursor: next } }))
  const reasons: Reason[] = []
  for (const { pool, epoch } of items) {
    const of = { account, pool, epoch }
    const share = await api.call('whyShare', { params: of })
    const answers = await api.call('whyAnswers', { params: { ...of, limit: mostAnswers } })
    reasons.push({ share, answers: answers.items, more: answers.next !== null })
  }
  const passed = page.cursor === undefined ? await passedTo(api, account) : []
  return { items: [...passed, ...reasons], next }
}

const thousandths = (millionths: string): string => (Number(millionths) / 1e6).toFixed(3)

function answerLine(answer: WhyAnswerView): string {
  const { receipt, name, money, scoring, weight, counterfactual, measured, question } = answer
  const asked = question === null ? '' : ` "${safe(question)}"`
  const effect =
    weight === null
      ? BigInt(scoring) > 0n
        ? 'for weighing it'
        : 'divided by held-out values'
      : `its rows changed the answer's probability by ${thousandths(weight)}` +
        (measured === null
          ? ''
          : `, from ${measured.empty.toFixed(3)} of the base model to ${measured.full.toFixed(3)}`) +
        (counterfactual === null
          ? ''
          : `, and by ${thousandths(counterfactual)} that of what would have been said without whom nobody believes`)
  return `    ${tokens(money)} by ${short(receipt)} of ${safe(name)}${asked}: ${effect}`
}

/** What it gave: how much of that counts, and how much has left since, which changes nothing of what was paid. */
const rowLines = ({ own, rows, accepted, left }: NonNullable<WhyShareView['rows']>): string[] => [
  own === null
    ? `  which of its ${plural(rows, 'row')} count is known to those who read them`
    : `  ${own} of ${plural(rows, 'row')} are its own and accepted`,
  ...(left === 0
    ? []
    : [
        `  ${left === accepted ? 'all' : left} of its ${plural(accepted, 'accepted contribution')} left since: ` +
          'what they brought stays paid'
      ])
]

/** What waits of this epoch's, and what came of earlier ones'. */
function keptLines({ keptBack, keptUntil, vestedShare, resettled }: WhyShareView): string[] {
  const moved = BigInt(resettled)
  return [
    ...(BigInt(keptBack) > 0n
      ? [`  ${tokens(keptBack)} more is kept back until epoch ${keptUntil} at most, for what later versions show`]
      : []),
    ...(BigInt(vestedShare) > 0n || moved !== 0n
      ? [
          `  ${tokens(vestedShare)} of it earlier epochs had kept back` +
            (moved === 0n
              ? ': no later version says otherwise'
              : `: ${tokens(moved < 0n ? -moved : moved)} ${moved > 0n ? 'more' : 'less'} than at first, ` +
                'by what a later version shows')
        ]
      : [])
  ]
}

export const whyText = (reasons: readonly (Reason | Passed)[]): string =>
  reasons.length === 0
    ? 'no epoch has given this account anything from data yet, or none is known here'
    : reasons
        .map(reason => {
          if ('upstream' in reason) return passedText(reason)
          const { share, answers, more } = reason
          const { name, epoch, state, why, help, rows, advice, weighedAnswers, dataFees } = share
          return [
            bold(`${tokens(share.share)} tokens from epoch ${epoch} of ${safe(name)} (${state})`),
            `  ${safe(why)}`,
            ...(help === '' ? [] : [`  ${dim(safe(help))}`]),
            `  the epoch had ${tokens(dataFees)} to share out, ${plural(weighedAnswers, 'answer')} weighed`,
            ...keptLines(share),
            ...(rows === null || rows.rows === 0 ? [] : rowLines(rows)),
            ...answers.map(answerLine),
            ...(more ? [dim('    … and more: the console shows all of them, and `tilth trace` each to its end')] : []),
            ...advice.map(({ text }) => `  ${dim(safe(text))}`)
          ].join('\n')
        })
        .join('\n\n')
