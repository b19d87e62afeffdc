import { signStatement } from '../../../protocol/crypto/index.ts'
import { groundsHash, removedBy, weightOf } from '../../../protocol/data/index.ts'
import { InvalidError, toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Receiver } from '../exchange/index.ts'
import type { Rosters } from '../rosters.ts'
import type { RemovalView } from '../decided.ts'
import type { DataService } from '../types.ts'
import type { Shown } from './shown.ts'

/** Validators' words for taking down what was accepted: those of the roster that sits. */
export function createTakingDown(
  deps: Pick<DataDeps, 'chain' | 'gossip' | 'key' | 'log' | 'network' | 'self'>,
  book: Book,
  rosters: Pick<Rosters, 'sitting'>,
  shown: Pick<Shown, 'must'>,
  receiver: Pick<Receiver, 'take'>
): Pick<DataService, 'takeDown' | 'removal'> {
  const { chain, gossip, key, log, network, self } = deps

  async function viewOf(contribution: Hex): Promise<RemovalView> {
    const { record } = await shown.must(contribution)
    const removal = await book.removal(record)
    return {
      contribution,
      removed: removedBy(removal) ?? null,
      words: (removal?.words ?? []).map(({ statement: { message }, grounds: { code, text } }) => ({
        validator: message.validator,
        roster: message.roster,
        code,
        text
      }))
    }
  }

  return {
    removal: viewOf,
    async takeDown(contribution, why) {
      const { record, net: known } = await shown.must(contribution)
      const { datanet } = record
      // [reject] What was accepted is taken down; all else is given to nobody anyway.
      if (record.state.name !== 'accepted')
        throw new InvalidError('removal.not-accepted', `a contribution that is ${record.state.name} is in no version`, {
          help: 'While it is voted on, vote against it.'
        })
      const net = await rosters.sitting(datanet, known)
      // [reject] What is said with it is public, and of private rows nothing is said in public.
      if (net.rules.private !== undefined && why.text !== '')
        throw new InvalidError('vote.private', 'a word on private rows is given no text: everybody reads it', {
          help: 'Name a code alone, and write to the contributor.'
        })
      // [reject] Who sits now speaks.
      if (weightOf(net.rules.validators, self) === 0)
        throw new InvalidError('vote.not-validator', 'this node is no validator of that Datanet now', {
          help: 'Validators are listed by: tilth datanet roster NAME.'
        })
      const roster = (await chain.ledger.datanet(datanet))?.roster ?? 1
      // [reject] A validator says so once.
      if ((await viewOf(contribution)).words.some(word => word.validator === self && word.roster === roster))
        throw new InvalidError('removal.known', 'this node has said so already', {
          help: 'It is taken down once over two thirds of the weight have.'
        })
      const grounds = { ...why, nonce: toHex(crypto.getRandomValues(new Uint8Array(32))) }
      const spoken = { contribution, validator: self, roster, grounds: groundsHash(grounds) }
      const word = { statement: signStatement(network, 'TakeDown', spoken, key), grounds }
      const message = { kind: 'take-down', word } as const
      await receiver.take(message)
      await gossip.publish(datanetTopic(datanet), message).catch((error: unknown) => {
        log.info('a word for a take-down was not announced; others ask for it', { contribution, error })
      })
      return viewOf(contribution)
    }
  }
}
