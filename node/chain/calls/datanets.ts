import { parseEventLogs } from 'viem'
import { datanetRegistryAbi } from '../../../protocol/contracts/index.ts'
import type { Message } from '../../../protocol/crypto/index.ts'
import { zeroAddress } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Connection } from '../connection/index.ts'
import { eventOf, lower, mined } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

type Members = readonly { readonly address: Address; readonly weight: bigint }[]

export interface DatanetOnChain {
  readonly host: Address
  readonly rules: Hex
  /** Number of commitments so far: the last index given. */
  readonly commitments: bigint
  /** Latest anchored version; 0 before the first. */
  readonly version: number
  /** The roster that sits, and the first one, which stands in the rules. */
  readonly validators: Members
  readonly founders: Members
  /** Number of the one that sits, from 1. */
  readonly roster: number
}

export interface AnchoredVersion {
  readonly root: Hex
  readonly count: number
  readonly cid: string
  /** Number of the roster that sat when it was anchored. */
  readonly roster: number
}

/** A vote as its statement's fields, with the signature over it. */
export interface VoteEvidence {
  readonly vote: { contribution: Hex; validator: Address; accept: boolean; outcome: Hex; salt: Hex }
  readonly signature: Hex
}

export interface Datanets {
  datanet(id: Hex): Promise<DatanetOnChain | undefined>
  version(datanet: Hex, version: number): Promise<AnchoredVersion | undefined>
  /** Where a commitment stands in its Datanet's order of authorship (from 1), or undefined if it is not on chain. */
  commitment(
    contribution: Hex
  ): Promise<{ datanet: Hex; contributor: Address; commitment: Hex; index: bigint } | undefined>
  /** This account is the host. The id is the digest of the `Datanet` statement. */
  create(datanet: {
    rules: Hex
    createdAt: bigint
    validators: readonly { address: Address; weight: bigint | number }[]
  }): Promise<Mined & { datanet: Hex }>
  /** Puts the next roster forward: this account is the host or sits. `silentAt` is 0 where it needs consent. */
  proposeRoster(datanet: Hex, members: Members): Promise<Mined & { succession: Hex; silentAt: bigint }>
  /** A sitting, staked validator's word on it. */
  speakOnRoster(succession: Hex, consents: boolean): Promise<Mined>
  /** Seconds for which a roster must be silent about its replacement to count as dead. */
  rosterSilence(): Promise<bigint>
  /** Seats what was decided on; anyone may. */
  seatRoster(succession: Hex, members: Members): Promise<Mined & { roster: number }>
  /** Weighs the sitting seats by what they have staked now; anyone may, where it makes a difference. */
  reweigh(datanet: Hex): Promise<Mined & { roster: number }>
  /** Puts other rules forward, by their text: this account is the host or sits. */
  proposeRules(datanet: Hex, text: string): Promise<Mined & { amendment: Hex }>
  /** A sitting, staked validator's word on them. `set`: their number, where it was the word that was missing. */
  speakOnRules(amendment: Hex, consents: boolean): Promise<Mined & { set: number | undefined }>
  /** This account hosts it, and names who shall; nobody takes it back. */
  nameHost(datanet: Hex, next: Address | undefined): Promise<Mined>
  /** This account was named, and hosts it from now on. */
  acceptHost(datanet: Hex): Promise<Mined>
  /** Relays a contributor's signed `Commitment`; anyone may. `index` is its place in the order of authorship. */
  commitFor(statement: Message<'Commitment'>, signature: Hex): Promise<Mined & { contribution: Hex; index: bigint }>
  /** Anchors a version with the host's signature over the `Version` statement; anyone may. */
  anchorVersion(
    statement: { datanet: Hex; version: number; root: Hex; count: number; cid: string },
    signature: Hex
  ): Promise<Mined>
  /**
   * Two votes of one validator on one contribution that differ in their verdict: costs its stake, half goes to this
   * account.
   */
  reportDoubleVote(a: VoteEvidence, b: VoteEvidence): Promise<Mined & { slashed: bigint }>
}

const membersOf = (validators: readonly Address[], weights: readonly bigint[]): Members =>
  validators.map((address, i) => ({ address: lower(address), weight: weights[i] ?? 0n }))

export function createDatanets(connection: Connection, { datanets }: Addresses): Datanets {
  const at = { address: datanets, abi: datanetRegistryAbi } as const
  return {
    async datanet(id) {
      const what = `Datanet ${id}`
      const [[host, rules, commitments, version, validators, weights], roster, founders] = await Promise.all([
        connection.read({ ...at, what, functionName: 'datanetOf', args: [id] }),
        connection.read({ ...at, what, functionName: 'rosterOf', args: [id] }),
        connection.read({ ...at, what, functionName: 'membersOf', args: [id, 1] })
      ])
      if (host === zeroAddress) return undefined
      return {
        host: lower(host),
        rules,
        commitments,
        version,
        validators: membersOf(validators, weights),
        founders: membersOf(...founders),
        roster
      }
    },
    async version(datanet, version) {
      const { root, count, roster, cid } = await connection.read({
        ...at,
        what: `version ${version} of ${datanet}`,
        functionName: 'versionOf',
        args: [datanet, version]
      })
      return count === 0 ? undefined : { root, count, roster, cid }
    },
    async commitment(contribution) {
      const { datanet, contributor, index, commitment } = await connection.read({
        ...at,
        what: `contribution ${contribution}`,
        functionName: 'contributionOf',
        args: [contribution]
      })
      return index === 0 ? undefined : { datanet, contributor: lower(contributor), commitment, index: BigInt(index) }
    },
    async create({ rules, createdAt, validators }) {
      const receipt = await connection.write({
        ...at,
        what: 'creating the Datanet',
        functionName: 'create',
        args: [
          rules,
          createdAt,
          validators.map(({ address }) => address),
          validators.map(({ weight }) => BigInt(weight))
        ]
      })
      return { ...mined(receipt), datanet: eventOf(receipt, datanetRegistryAbi, 'DatanetCreated').datanet }
    },
    async proposeRoster(datanet, members) {
      const receipt = await connection.write({
        ...at,
        what: `putting a roster forward for ${datanet}`,
        functionName: 'proposeRoster',
        args: [datanet, members.map(({ address }) => address), members.map(({ weight }) => weight)]
      })
      const { succession, silentAt } = eventOf(receipt, datanetRegistryAbi, 'RosterProposed')
      return { ...mined(receipt), succession, silentAt }
    },
    speakOnRoster: async (succession, consents) =>
      mined(
        await connection.write({
          ...at,
          what: `a word on the roster ${succession}`,
          functionName: 'speakOnRoster',
          args: [succession, consents]
        })
      ),
    rosterSilence: () => connection.read({ ...at, what: 'rules of rosters', functionName: 'rosterSilence', args: [] }),
    async seatRoster(succession, members) {
      const receipt = await connection.write({
        ...at,
        what: `seating the roster ${succession}`,
        functionName: 'seatRoster',
        args: [succession, members.map(({ address }) => address), members.map(({ weight }) => weight)]
      })
      return { ...mined(receipt), roster: eventOf(receipt, datanetRegistryAbi, 'RosterSeated').roster }
    },
    async reweigh(datanet) {
      const what = `weighing the seats of ${datanet}`
      const receipt = await connection.write({ ...at, what, functionName: 'reweigh', args: [datanet] })
      return { ...mined(receipt), roster: eventOf(receipt, datanetRegistryAbi, 'RosterSeated').roster }
    },
    async proposeRules(datanet, text) {
      const what = `putting rules forward for ${datanet}`
      const receipt = await connection.write({ ...at, what, functionName: 'proposeRules', args: [datanet, text] })
      return { ...mined(receipt), amendment: eventOf(receipt, datanetRegistryAbi, 'RulesProposed').amendment }
    },
    async speakOnRules(amendment, consents) {
      const what = `a word on the rules ${amendment}`
      const receipt = await connection.write({ ...at, what, functionName: 'speakOnRules', args: [amendment, consents] })
      const set = parseEventLogs({ abi: datanetRegistryAbi, eventName: 'RulesSet', logs: receipt.logs })
      return { ...mined(receipt), set: set[0]?.args.number }
    },
    nameHost: async (datanet, next = zeroAddress) =>
      mined(
        await connection.write({
          ...at,
          what: `naming the next host of ${datanet}`,
          functionName: 'nameHost',
          args: [datanet, next]
        })
      ),
    acceptHost: async datanet =>
      mined(
        await connection.write({
          ...at,
          what: `hosting ${datanet} from now on`,
          functionName: 'acceptHost',
          args: [datanet]
        })
      ),
    async commitFor(statement, signature) {
      const receipt = await connection.write({
        ...at,
        what: `commitment of ${statement.contributor}`,
        functionName: 'commitFor',
        args: [statement, signature]
      })
      const { contribution, index } = eventOf(receipt, datanetRegistryAbi, 'Committed')
      return { ...mined(receipt), contribution, index }
    },
    anchorVersion: async (statement, signature) =>
      mined(
        await connection.write({
          ...at,
          what: `anchoring version ${statement.version} of ${statement.datanet}`,
          functionName: 'anchorVersion',
          args: [statement, signature]
        })
      ),
    async reportDoubleVote(a, b) {
      const receipt = await connection.write({
        ...at,
        what: `double vote of ${a.vote.validator}`,
        functionName: 'reportDoubleVote',
        args: [a.vote, a.signature, b.vote, b.signature]
      })
      return { ...mined(receipt), slashed: eventOf(receipt, datanetRegistryAbi, 'DoubleVote').slashed }
    }
  }
}
