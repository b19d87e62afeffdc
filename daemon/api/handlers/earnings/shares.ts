import type { Node } from '../../../../node/node.ts'
import type { EpochView, PayoutLineView } from '../../../../node/payouts/index.ts'
import { shareRule } from '../../../../protocol/payouts/index.ts'
import type { Address, Page, PageRequest } from '../../../../protocol/primitives/index.ts'
import type { ShareView } from '../../contract/index.ts'
import type { Names } from './names.ts'
import { ruleWords } from './words.ts'

export async function shareView(epoch: EpochView, line: PayoutLineView, names: Names): Promise<ShareView> {
  const rule = shareRule(line, epoch.held > 0n)
  return {
    pool: epoch.pool,
    name: await names.datanet(epoch.pool),
    epoch: epoch.epoch,
    state: epoch.state,
    transaction: epoch.transaction,
    challengeEnds: Number(epoch.challengeEnds) * 1000,
    answers: epoch.receipts,
    dataFees: epoch.dataFees.toString(),
    held: epoch.held.toString(),
    share: line.share.toString(),
    heldOutShare: line.heldOutShare.toString(),
    scoringShare: line.scoringShare.toString(),
    vestedShare: line.vestedShare.toString(),
    resettled: line.resettled.toString(),
    cumulative: line.cumulative.toString(),
    value: line.value.toString(),
    gate: line.gate?.toString() ?? null,
    rule,
    ...ruleWords[rule]
  }
}

/**
 * What each epoch gives an account, the newest first, pool by pool; those in which it has no line are left out. Among
 * many pools an account stands in few: a page is looked for until it has something, or many had nothing.
 */
export async function sharesOf(
  { payouts }: { payouts: Pick<Node['payouts'], 'epochsOf'> },
  account: Address,
  page: PageRequest,
  names: Names
): Promise<Page<ShareView>> {
  const { items, next } = await payouts.epochsOf(account, page)
  const views: ShareView[] = []
  for (const epoch of items) {
    const line = epoch.payouts.find(one => one.account === account)
    if (line !== undefined) views.push(await shareView(epoch, line, names))
  }
  return { items: views, next }
}
