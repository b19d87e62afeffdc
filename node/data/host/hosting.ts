import { signStatement } from '../../../protocol/crypto/index.ts'
import {
  checkLicence,
  checkWeights,
  datanetRules,
  parseHeldOut,
  checkTrainers,
  requireAuditable,
  seatsFor
} from '../../../protocol/data/index.ts'
import type { DatanetRules } from '../../../protocol/data/index.ts'
import { InvalidError, TilthError, checkNewName, contentHash, readAs } from '../../../protocol/primitives/index.ts'
import type { Hex, TakenName } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import { bytesOf } from '../contributor/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Receiver } from '../exchange/index.ts'
import type { Rosters } from '../rosters.ts'
import type { DataService, DatanetView } from '../types.ts'
import { datanetView } from '../book/index.ts'

/** How a Datanet is founded, by its host: by hand, or made of others. */
export interface Hosting extends Pick<DataService, 'createDatanet'> {
  /** @param heldOut JSONL of rows, all good ones @throws InvalidError `rules.invalid`, `datanet.private`, `name.*` */
  found(wanted: Omit<DatanetRules, 'heldOut'>, heldOut: string | Uint8Array): Promise<DatanetView>
}

/** The host's side: rules and held-out questions become a Datanet. */
export function createHosting(
  deps: Pick<DataDeps, 'chain' | 'clock' | 'files' | 'gossip' | 'key' | 'log' | 'network' | 'self'>,
  book: Book,
  rosters: Pick<Rosters, 'sitting'>,
  receiver: Receiver
): Hosting {
  const { chain, clock, files, gossip, key, log, network, self } = deps
  const hosting: Hosting = {
    createDatanet: (wanted, heldOut) => hosting.found(wanted, heldOut),
    async found(wanted, heldOut) {
      const taken: TakenName[] = []
      for await (const one of book.taken()) taken.push(one)
      checkNewName('Datanet', { name: wanted.name, owner: self }, taken)
      checkLicence(wanted.licence)
      requireAuditable(wanted)
      checkTrainers(wanted)
      const bytes = bytesOf(heldOut)
      parseHeldOut(bytes)
      const rules = readAs(datanetRules, { ...wanted, heldOut: await files.addBytes(bytes) }, 'rules.invalid')
      if (new Set(rules.validators.map(({ address }) => address)).size !== rules.validators.length)
        throw new InvalidError('rules.invalid', 'a validator stands in the rules twice')
      checkWeights(rules)
      const message = { host: self, rules: contentHash(rules), createdAt: BigInt(Math.floor(clock.now() / 1000)) }
      const document = { statement: signStatement(network, 'Datanet', message, key), rules }
      const { datanet, block } = await chain.datanets.create({
        rules: message.rules,
        createdAt: message.createdAt,
        validators: seatsFor(rules, rules.validators)
      })
      const announcement = { kind: 'datanet', document } as const
      await book.putListing(datanet as Hex, { host: self, block, commitments: 0, version: 0, count: 0 })
      await receiver.take(announcement)
      await gossip.publish('tilth/data/1', announcement).catch((error: unknown) => {
        log.info('a Datanet was not announced; others ask for it', { error })
      })
      void files.provide(rules.heldOut).catch((error: unknown) => {
        log.debug('held-out questions were not announced in the DHT', { error })
      })
      const view = await datanetView(book, rosters, datanet as Hex, ['host'])
      if (view === undefined)
        throw new TilthError('datanet.id', 'the chain gave the Datanet another id than its statement', {
          help: 'Check that the contract addresses belong to this network.',
          consequence: 'fatal'
        })
      return view
    }
  }
  return hosting
}
