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

/** Every epoch's share of an account, each with its reasons. */
export async function whyPage(
  api: ApiClient,
  account: string,
  page: { limit: number; cursor?: string }
): Promise<{ items: Reason[]; next: string | null }> {
  const { items, next } = await api.call('shares', { params: { account, ...page } })
  const reasons: Reason[] = []
  for (const { pool, epoch } of items) {
    const of = { account, pool, epoch }
    const share = await api.call('whyShare', { params: of })
    const answers = await api.call('whyAnswers', { params: { ...of, limit: mostAnswers } })
    reasons.push({ share, answers: answers.items, more: answers.next !== null })
  }
  return { items: reasons, next }
}

const thousandths = (millionths: string): string => (Number(millionths) / 1e6).toFixed(3)

function answerLine({ receipt, name, money, scoring, weight, measured, question }: WhyAnswerView): string {
  const asked = question === null ? '' : ` "${safe(question)}"`
  const effect =
    weight === null
      ? BigInt(scoring) > 0n
        ? 'for weighing it'
        : 'divided by held-out values'
      : `its rows changed the answer's probability by ${thousandths(weight)}` +
        (measured === null
          ? ''
          : `, from ${measured.empty.toFixed(3)} of the base model to ${measured.full.toFixed(3)}`)
  return `    ${tokens(money)} by ${short(receipt)} of ${safe(name)}${asked}: ${effect}`
}

export const whyText = (reasons: readonly Reason[]): string =>
  reasons.length === 0
    ? 'no epoch has given this account anything from data yet, or none is known here'
    : reasons
        .map(({ share, answers, more }) => {
          const { name, epoch, state, why, help, rows, advice, weighedAnswers, dataFees } = share
          return [
            bold(`${tokens(share.share)} tokens from epoch ${epoch} of ${safe(name)} (${state})`),
            `  ${safe(why)}`,
            ...(help === '' ? [] : [`  ${dim(safe(help))}`]),
            `  the epoch had ${tokens(dataFees)} to share out, ${plural(weighedAnswers, 'answer')} weighed`,
            ...(rows === null ? [] : [`  ${rows.own} of ${plural(rows.rows, 'row')} are its own and accepted`]),
            ...answers.map(answerLine),
            ...(more ? [dim('    … and more: the console shows all of them, and `tilth trace` each to its end')] : []),
            ...advice.map(({ text }) => `  ${dim(safe(text))}`)
          ].join('\n')
        })
        .join('\n\n')
