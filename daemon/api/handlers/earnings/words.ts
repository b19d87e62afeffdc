import type { ShareRule } from '../../../../protocol/payouts/index.ts'

/** What each rule means for whom it decides about: a sentence, and what can be done. */
export const ruleWords = {
  paid: {
    why: 'Its rows made answers better, and answers to the held-out questions too.',
    help: ''
  },
  scoring: {
    why: 'Chance drew it to weigh answers, and its words counted: each is paid a part of what its answer brought.',
    help: 'Rows that make answers better would bring more; they are paid by what they add.'
  },
  'no-player': {
    why: 'None of its rows is in the version that the models of this epoch learnt.',
    help: 'It earns from the first model on that is tuned on a version with its rows.'
  },
  gate: {
    why: 'With its rows the held-out questions are answered no better than without them, so they are not believed.',
    help: 'Rows that repeat others or are wrong do this. Right rows about what nobody has covered change it.'
  },
  value: {
    why: 'Its rows made none of the answers of this epoch better, and little went by held-out values.',
    help: 'It earns when somebody asks about what its rows are about.'
  },
  nobody: {
    why: "Nobody's rows make the answers to held-out questions better, or nothing came in: what there is waits.",
    help: 'A later epoch divides it by the held-out values of the model that had brought most before.'
  }
} as const satisfies Record<ShareRule, { why: string; help: string }>

export const waitingWords = {
  claim: {
    why: 'Earned and final: it is there for the asking.',
    help: 'Claim it. It goes to the payout address; whoever sends the claim pays the gas.'
  },
  window: {
    why: 'It stands on chain, and anybody who finds a fault in it may still show it.',
    help: 'Nothing needs to be done: after the window it is made final, and can be claimed.'
  },
  next: {
    why: 'Fees that are in no epoch yet. How much of them is whose is not known before the answers are weighed.',
    help: 'A settler closes the next epoch by itself; any bonded node can.'
  },
  kept: {
    why: 'A part of data fees waits, to be divided by what later versions show of the same people by then.',
    help: 'Nothing needs to be done. If no later version says more it comes as it stands here; nobody gives back.'
  },
  voucher: {
    why: 'Clients have signed for it, and no transaction has brought it yet.',
    help: 'The daemon redeems vouchers by itself; "redeem" does it at once.'
  },
  escrow: {
    why: 'Builders have locked it for training that is under way.',
    help: 'It is released when the training is accepted, or goes back to its builder at the deadline.'
  }
} as const
