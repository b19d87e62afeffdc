import type { Node } from '../../../../node/node.ts'
import type { ReceiptProof } from '../../../../node/payouts/index.ts'
import { digest, recoverDigest } from '../../../../protocol/crypto/index.ts'
import { responseHash } from '../../../../protocol/models/index.ts'
import { attributionHash, foundBy, measureOf, weightsOf } from '../../../../protocol/payouts/index.ts'
import { contentHash, exactTokenText } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'
import type { TraceCheck, TraceStep } from '../../contract/index.ts'
import { fact, holds, open } from './checks.ts'

/** The receipt: whose it is, by which channel it was paid, and, where this node was a party, what was asked. */
export async function answerStep(
  { chain, models, network }: Pick<Node, 'chain' | 'models' | 'network'>,
  id: Hex,
  { receipt: cosigned }: ReceiptProof
): Promise<TraceStep> {
  const { receipt, clientSignature, client, worker } = cosigned
  const { message } = receipt
  const own = digest(network, 'Receipt', message)
  const channel = await chain.channels.known(message.channel)
  const opening = await models.opening(id)
  const [asked] = opening?.content.messages.slice(-1) ?? []
  return {
    stage: 'receipt',
    title: 'The answer',
    facts: [
      fact('receipt', id),
      fact('client', client),
      fact('worker', worker),
      fact('model', message.model),
      fact('fee', exactTokenText(message.fee)),
      fact('tokens', `${message.inputTokens} in, ${message.outputTokens} out`),
      ...(asked === undefined ? [] : [fact('question', asked.content)])
    ],
    checks: [
      holds('Its id', own === id, 'is the hash of its fields, for this network alone', `the fields hash to ${own}`),
      signed("The client's signature", own, clientSignature, client),
      signed("The worker's signature", own, receipt.signature, worker),
      channel === undefined
        ? open('Its channel', 'this node has not read of it on chain')
        : holds(
            'Its channel',
            channel.client === client && channel.worker === worker && channel.model === message.model,
            `stands on chain between these two, for this model; ${exactTokenText(channel.claimed)} claimed of it` +
              (channel.closed ? ', and it is closed' : ''),
            'is on chain for other parties, or another model'
          ),
      opening === undefined
        ? open('What was asked and answered', 'only its client, its worker and its scorers see it')
        : holds(
            'What was asked and answered',
            contentHash(opening.content) === opening.request.message.content &&
              digest(network, 'InferenceRequest', opening.request.message) === message.request &&
              responseHash(opening.content, opening.answer) === message.response,
            'has the hashes that both have signed',
            'has other hashes than were signed'
          )
    ]
  }
}

export function signed(what: string, hash: Hex, signature: Hex, by: Address): TraceCheck {
  const signer = recoverDigest(hash, signature)
  return holds(what, signer === by, `was made by the key of ${by}`, `was made by ${signer ?? 'nobody'}`)
}

/** What counted is what a scorer had when chance drew it: it may have left since, or lost a part for another word. */
export const atStake = (stake: bigint, least: bigint): TraceCheck =>
  stake >= least
    ? holds('… what it has at stake', true, `${exactTokenText(stake)} tokens`, '')
    : open('… what it has at stake', `${exactTokenText(stake)} now; it was drawn while it had ${exactTokenText(least)}`)

/** What scorers measured, and the weights that follow. */
export async function weightsStep(
  { chain, network }: Pick<Node, 'chain' | 'network'>,
  { measure, scorings, division }: ReceiptProof
): Promise<TraceStep> {
  const step = { stage: 'attribution', title: 'What it owes to whom' }
  if (division !== 'weighed') {
    const why = {
      'held-out': 'nobody but its worker sees it, or it has no tokens: it is divided by held-out values',
      none: 'nothing of its fee is divided among contributors'
    }[division]
    return { ...step, facts: [fact('division', division)], checks: [open('Weights', why)] }
  }
  if (measure === null)
    return { ...step, facts: [], checks: [open('Weights', "the model's siblings cannot be had, or are not admitted")] }
  const checked = measureOf(measure)
  const { minStake } = await chain.payouts.rules()
  const checks: TraceCheck[] = []
  for (const { statement, attribution } of scorings) {
    const { scorer } = statement.message
    checks.push(
      signed(
        `The signature of scorer ${scorer}`,
        digest(network, 'Scoring', statement.message),
        statement.signature,
        scorer
      )
    )
    checks.push(
      holds(
        '… what it has signed',
        attributionHash(attribution) === statement.message.attribution,
        'are these utilities and weights',
        'are other utilities than these'
      )
    )
    checks.push(atStake(await chain.nodes.stakeOf(scorer), minStake))
  }
  const found = foundBy(scorings.map(({ attribution }) => attribution))
  if (found === undefined)
    return { ...step, facts: [], checks: [...checks, open('Weights', 'nobody has weighed it yet')] }
  const { players: weights, others } = weightsOf(checked, found.measured)
  const { utilities } = found.measured
  const { empty, full } = checked.matrix
  const rise = BigInt((utilities[full] ?? 0) - (utilities[empty] ?? 0))
  return {
    ...step,
    facts: [
      fact('utilities', `${utilities[empty] ?? 0} without anybody's rows, ${utilities[full] ?? 0} with all (in 1e-4)`),
      fact('coalitions', measure.coalitions.length),
      ...measure.players.map((player, i) => fact(player, `${Number(weights[i] ?? 0n) / 1e6}`))
    ],
    checks: [
      ...checks,
      holds('Most scorers', found.settled, 'agree with the median', 'do not agree: nobody knows what it owes to whom'),
      holds(
        'The weights',
        weights.reduce((sum, weight) => sum + weight, others) === rise * 100n,
        'were computed again from the utilities, and add up to what all rows changed',
        'do not add up to what all rows changed'
      )
    ]
  }
}
