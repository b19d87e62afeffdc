import type { Node } from '../../../../node/node.ts'
import { lastQuestion } from '../../../../protocol/data/index.ts'
import { keptBackOf, utilityUnit } from '../../../../protocol/payouts/index.ts'
import type { WithAndWithout } from '../../../../protocol/payouts/index.ts'
import { InvalidError, NotFoundError, defaultPage } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex, Page, PageRequest } from '../../../../protocol/primitives/index.ts'
import type { WhyAnswerView, WhyShareView } from '../../contract/index.ts'
import { adviceFor } from './advice.ts'
import type { Names } from './names.ts'
import { rowsOf } from './rows.ts'
import { shareView } from './shares.ts'

/** Characters of a question that are shown. */
const mostQuestion = 500
/** Players that are shown, those who earned most. */
const mostPlayers = 200
/** Answers of one page: each is looked up. */
const mostAnswers = 200

type Parts = Pick<Node, 'payouts' | 'data' | 'models'>

const asMean = ({ full, without, empty }: WithAndWithout, count: number) => {
  const mean = (utility: number): number => utility / (utilityUnit * Math.max(1, count))
  return { full: mean(full), without: without === null ? null : mean(without), empty: mean(empty) }
}

/** Why an epoch gives an account what it gives, with every number of the arithmetic. */
export async function whyShare(
  { payouts, data }: Parts,
  account: Address,
  pool: Hex,
  number: number,
  names: Names
): Promise<WhyShareView> {
  const [reasons, epoch] = await Promise.all([payouts.reasons(pool, number), payouts.epoch(pool, number)])
  const line = reasons.bundle.payouts.find(one => one.account === account)
  if (epoch === undefined || line === undefined)
    throw new NotFoundError('epoch.account', `epoch ${number} of the Datanet knows no account ${account}`, {
      help: 'Whoever was never a player of its models has nothing in it; a version with rows of theirs changes that.'
    })
  const gates = reasons
    .gates(account)
    .map(({ model, questions, value, own: _own, calibration, most, part, ...measured }) => ({
      model,
      name: names.model(model),
      questions,
      value: value.toString(),
      calibration: calibration.toString(),
      most: most.toString(),
      part: part.toString(),
      ...asMean(measured, questions)
    }))
  const players = reasons.bundle.payouts
    .toSorted((a, b) => (a.share === b.share ? 0 : a.share < b.share ? 1 : -1))
    .slice(0, mostPlayers)
    .map(one => ({
      account: one.account,
      value: one.value.toString(),
      gate: one.gate?.toString() ?? null,
      share: one.share.toString()
    }))
  const kept = keptBackOf(reasons.bundle.kept, account).filter(one => one.epoch === number && one.amount > 0n)
  const told = {
    ...(await shareView(epoch, line, names)),
    weighed: reasons.weighed.toString(),
    scoring: reasons.scoring.toString(),
    values: reasons.bundle.payouts.reduce((sum, one) => (one.value > 0n ? sum + one.value : sum), 0n).toString(),
    released: reasons.released.toString(),
    keptBack: kept.reduce((sum, { amount }) => sum + amount, 0n).toString(),
    keptUntil: kept[0]?.until ?? null,
    keptByAll: reasons.keptBack.toString(),
    vestedByAll: reasons.vested.toString(),
    weighedAnswers: reasons.answers.weighed,
    heldOutAnswers: reasons.answers.heldOut,
    unweighedAnswers: reasons.answers.none,
    heldOutParts: [...reasons.heldOut].map(([model, money]) => ({
      model,
      name: names.model(model),
      money: money.toString()
    })),
    gates,
    players,
    rows: await rowsOf(data, pool, account)
  }
  return { ...told, advice: adviceFor(told, account) }
}

/** What was asked, where this node was a party of it and keeps it still. */
async function questionOf(models: Node['models'], receipt: Hex): Promise<string | null> {
  const opening = await models.opening(receipt)
  return (opening && lastQuestion(opening.content))?.slice(0, mostQuestion) ?? null
}

/** @throws InvalidError `page.cursor` */
export async function whyAnswers(
  { payouts, models }: Parts,
  account: Address,
  { pool, epoch, limit = defaultPage, cursor }: PageRequest & { pool: Hex; epoch: number },
  names: Names
): Promise<Page<WhyAnswerView>> {
  if (cursor !== undefined && !/^(0|[1-9][0-9]{0,8})$/.test(cursor))
    throw new InvalidError('page.cursor', 'that is no cursor of a list of answers', {
      help: 'Begin again without a cursor.'
    })
  const reasons = await payouts.reasons(pool, epoch)
  const from = Number(cursor ?? 0)
  const most = Math.min(limit, mostAnswers)
  const items: WhyAnswerView[] = []
  for (const [i, one] of reasons.answersOf(account, from, most).entries())
    items.push({
      receipt: one.receipt,
      model: one.model,
      name: names.model(one.model),
      division: one.division,
      fee: one.fee.toString(),
      dataFee: one.dataFee.toString(),
      weight: one.weight?.toString() ?? null,
      counterfactual: one.counterfactual?.toString() ?? null,
      measured: one.utilities === null ? null : asMean(one.utilities, 1),
      money: one.money.toString(),
      heldOut: one.heldOut.toString(),
      scoring: one.scoring.toString(),
      keptBack: one.keptBack.toString(),
      finishedAt: Number(reasons.bundle.receipts[from + i]?.receipt.message.finishedAt ?? 0n) * 1000,
      question: await questionOf(models, one.receipt)
    })
  return { items, next: from + most < reasons.bundle.receipts.length ? String(from + most) : null }
}
