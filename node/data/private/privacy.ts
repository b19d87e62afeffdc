import {
  isDecided,
  isKeyOf,
  requireOpen,
  sealedShardBytes,
  trainerGround,
  weightOf
} from '../../../protocol/data/index.ts'
import type { DatanetDocument, Reader, SealedKeys, VersionEntry } from '../../../protocol/data/index.ts'
import { InvalidError, anySignal } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import { hostOf } from '../rosters.ts'
import type { Rosters } from '../rosters.ts'
import { createKeyExchange } from './asking.ts'
import type { KeyExchange } from './asking.ts'
import { createGiven } from './given.ts'
import { createContentKeys } from './keys.ts'
import type { ContentKeys, Locked } from './keys.ts'
import { createReaders } from './readers.ts'
import type { PrivateService } from './types.ts'

/** Longest that a shard is looked for to see whether a key is its own. */
const fetchMs = 60_000

/** What only some may read: who they are, the keys that are here, and how others are come by. */
export interface Privacy extends Pick<KeyExchange, 'serve'>, Pick<ContentKeys, 'forget'> {
  /**
   * Rows of a file: the file itself where everybody reads it; undefined while nobody gives this node the key.
   * `not-opened`: it opens to nothing under its own key.
   */
  rowsOf(net: DatanetDocument, locked: Locked, file: Uint8Array): Promise<Uint8Array | 'not-opened' | undefined>
  /** Keeps the key that a shard names, where it is sealed to this node: who brings a shard in gives it to others. */
  learn(locked: Locked, sealed: SealedKeys, file: Uint8Array): Promise<void>
  /** @throws InvalidError `datanet.private` where this node has no key, and none to ask for */
  mustRead(net: DatanetDocument, locked: Locked): Promise<void>
  /** Whether this node runs the checks of a Datanet: of a private one only who sits there can. */
  judges(net: DatanetDocument, datanet: Hex): Promise<boolean>
  /** Whom a contribution is sealed to now. @throws TilthError `keys.readers` */
  readersOf(datanet: Hex, net: DatanetDocument): Promise<Reader[]>
  readonly service: PrivateService
}

export function createPrivacy(
  deps: Pick<DataDeps, 'clock' | 'files' | 'key' | 'log' | 'network' | 'peers' | 'self' | 'store' | 'streams'>,
  book: Book,
  rosters: Pick<Rosters, 'deciding' | 'sitting'>,
  document: (datanet: Hex) => Promise<DatanetDocument>,
  stopping: AbortSignal
): Privacy {
  const { files, self } = deps
  const keys = createContentKeys(deps, book)
  const given = createGiven(deps)
  const exchange = createKeyExchange(deps, book, keys, given, rosters, stopping)
  const readers = createReaders(deps)

  const isSeated = async (net: DatanetDocument, datanet: Hex): Promise<boolean> =>
    weightOf(net.rules.validators, self) > 0 || hostOf(net) === self || (await exchange.sits(datanet, self))
  const lockedOf = (
    datanet: Hex,
    { contribution, contributor }: Pick<VersionEntry, 'contribution' | 'contributor'>
  ) => ({
    datanet,
    contribution,
    contributor
  })

  async function fileOf(datanet: Hex, { contribution, cid }: VersionEntry): Promise<Uint8Array> {
    const net = await rosters.deciding(contribution, await document(datanet))
    const { validators, maxBytes } = net.rules
    return files.fetchBytes(cid, {
      maxBytes,
      providers: [hostOf(net), ...validators.map(({ address }) => address)].filter(one => one !== self),
      pin: false,
      signal: anySignal([stopping, AbortSignal.timeout(fetchMs)])
    })
  }

  return {
    serve: stream => exchange.serve(stream),
    forget: contribution => keys.forget(contribution),
    async learn(locked, { keys: all }, file) {
      const own = all.find(({ account }) => account === self)
      const content = own === undefined ? undefined : keys.unseal(locked, own.sealed)
      if (content !== undefined && isKeyOf(content, file)) await keys.keep(locked, content)
    },
    judges: async (net, datanet) => net.rules.private === undefined || isSeated(net, datanet),
    async mustRead(net, locked) {
      if (net.rules.private === undefined || (await keys.has(locked))) return
      if (locked.contributor === self || (await isSeated(net, locked.datanet))) return
      requireOpen(net.rules, 'this node has no key to these rows')
    },
    async rowsOf(net, locked, file) {
      if (net.rules.private === undefined) return file
      const here = await keys.open(locked, file)
      if (here !== undefined) return here
      const record = await book.contribution(locked.contribution)
      // What was not accepted is nobody's to read any more.
      if (record === undefined || (isDecided(record.state) && record.state.name !== 'accepted')) return undefined
      return (await exchange.ask(record, file)) ? keys.open(locked, file) : undefined
    },
    async readersOf(datanet, net) {
      return readers.sealable(await rosters.sitting(datanet, net))
    },
    service: {
      privateRule: async datanet => (await document(datanet)).rules.private,
      async trainerGrounds(datanet, builder) {
        const founded = await document(datanet)
        if (founded.rules.private === undefined) return () => 'anybody'
        const net = await rosters.sitting(datanet, founded)
        const sitting = new Set([...net.rules.validators.map(({ address }) => address), hostOf(net)])
        return worker => trainerGround(net.rules, sitting, { builder, worker })
      },
      async readers(datanet) {
        const net = await rosters.sitting(datanet, await document(datanet))
        if (net.rules.private === undefined)
          throw new InvalidError('datanet.open', `${net.rules.name} is not private: everybody reads its rows`)
        return readers.views(net)
      },
      async lacking({ datanet, entries }) {
        if ((await document(datanet)).rules.private === undefined) return []
        const lacking: VersionEntry[] = []
        for (const entry of entries) if (!(await keys.has(lockedOf(datanet, entry)))) lacking.push(entry)
        return lacking
      },
      async sizes({ datanet, entries }) {
        const sizes: number[] = []
        for (const entry of entries) sizes.push(Math.max(0, (await fileOf(datanet, entry)).length - sealedShardBytes))
        return sizes
      },
      giveKeys: (request, why, { datanet }, entries) =>
        exchange.seal(
          request,
          why,
          datanet,
          entries.map(({ contribution: id, contributor }) => ({ id, contributor }))
        ),
      async borrowKey(why, { datanet, entries }, { contribution, sealed }) {
        const entry = entries.find(one => one.contribution === contribution)
        const content = entry === undefined ? undefined : keys.unseal(lockedOf(datanet, entry), sealed)
        // [reject] What is given is of this version, and is sealed to who asked.
        if (entry === undefined || content === undefined) return false
        const file = await fileOf(datanet, entry)
        // [reject] It is the one that the shard names.
        if (!isKeyOf(content, file)) return false
        keys.borrow(why, contribution, content)
        return true
      },
      returnKeys: why => {
        keys.giveBack(why)
      },
      keysGiven: (datanet, request) => given.keysGiven(datanet, request)
    }
  }
}
