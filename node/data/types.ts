import type { Signed } from '../../protocol/crypto/index.ts'
import type {
  Certificate,
  ChatMessage,
  CheckResult,
  DatanetDocument,
  DatanetRules,
  Removed,
  Row,
  Said,
  TakeDownCode,
  Verdict,
  VersionManifest,
  VoteReason,
  Withdrawal
} from '../../protocol/data/index.ts'
import type { Address, Hex, Page, PageRequest } from '../../protocol/primitives/index.ts'
import type { JuryEvents, JuryService } from './jury/types.ts'
import type { QuestionsEvents, QuestionsService } from './questions/types.ts'
import type { PrivateService } from './private/types.ts'
import type { ContributingService } from './contributor/types.ts'
import type { TermsEvents, TermsService } from './terms/types.ts'
import type { DecisionView, LeftView, RemovalView } from './decided.ts'

// What the daemon and the later phases ask of the data phase. Times are milliseconds since 1970 by this node's clock.

export interface DatanetView {
  readonly id: Hex
  readonly host: Address
  readonly rules: DatanetRules
  /** All licences that its rules have named: each row is under the one of then. */
  readonly licence: string
  readonly createdAt: number
  /** Commitments on chain, accepted ones that are still there, and the latest version anchored (0 before the first). */
  readonly contributions: number
  readonly accepted: number
  /** Accepted ones that were withdrawn or taken down since; null where it is not followed, or is a mix. */
  readonly left: number | null
  /** Accepted rows that are still there; null where it is not followed. */
  readonly rows: number | null
  readonly latestVersion: number
  /** Why this node follows it; empty when it does not: then only what the chain tells is known of it. */
  readonly roles: readonly DatanetRole[]
}

/** What a node can have to do with a Datanet; `choice` is its owner's. */
export type DatanetRole = 'host' | 'validator' | 'contributor' | 'builder' | 'worker' | 'juror' | 'choice'

export type ContributionStatus = 'committed' | 'revealed' | 'voting' | 'accepted' | 'rejected' | 'expired'

export interface ContributionView {
  readonly id: Hex
  readonly datanet: Hex
  /** When this node heard of it; milliseconds since 1970. */
  readonly seenAt: number
  /** The shard's CID, once it was shown. */
  readonly cid: string | null
  /** Place in the Datanet's order of authorship, from 1, as the chain gave it. */
  readonly index: number
  readonly contributor: Address
  /** Lines of the shard that are not blank; 0 before the reveal. */
  readonly rows: number
  /**
   * Rows that count as this contributor's, by this node's checks; null before them, and where it cannot make them:
   * only who reads a private Datanet's rows knows which of them count.
   */
  readonly own: number | null
  readonly status: ContributionStatus
  /**
   * Why it was rejected or expired: the code of the check that failed, `not-revealed`, `no-quorum`, `withdrawn`
   * here, `by-vote` when others saw what this node did not.
   */
  readonly reason?: string
  readonly checks: readonly CheckResult[]
  /** Wrong lines (from 1) of the file, and what is wrong; of rows that are not this contributor's, whose they are. */
  readonly rowIssues: readonly { readonly line: number; readonly code: string }[]
  /** Of what was brought in by this node: whether it can be taken back here, or was. */
  readonly withdrawal?: 'possible' | 'done'
  /** Whether what was accepted has left since, and by whose word. */
  readonly removed?: Removed
}

export interface VersionView {
  readonly datanet: Hex
  readonly version: number
  readonly root: Hex
  /** CID of the manifest. */
  readonly cid: string
  /** Contributions in it. */
  readonly count: number
  readonly transaction?: Hex
}

/** A row of a version with its author, in the order of authorship, then of the shard: what is trained on. */
export interface VersionRow {
  readonly contributor: Address
  readonly contribution: Hex
  /** Its place in the shard. */
  readonly index: number
  readonly row: Row
}

/** An accepted row, for people to read. `row` is its index in its shard, `line` its place in the file. */
export interface AcceptedRow {
  readonly contribution: Hex
  readonly contributor: Address
  readonly row: number
  readonly line: number
  readonly messages: readonly ChatMessage[]
}

export interface RowsRequest extends PageRequest {
  /** An anchored version, the latest unless given; 0: everything accepted so far, where the Datanet is followed. */
  readonly version?: number | undefined
  readonly contributor?: Address | undefined
  /** Words that a row must hold, all of them. */
  readonly search?: string | undefined
  /** Number of the first row, from 0, instead of a cursor: of an anchored version, where nothing is searched. */
  readonly from?: number | undefined
}

/**
 * A page may hold fewer rows than were asked for, and none, and go on all the same: a call looks at so many rows.
 * `total`: how many there are, where that is known.
 */
export interface RowsPage extends Page<AcceptedRow> {
  readonly version: number
  readonly total: number | null
}

/** A row of a contribution, by its index in the shard; `messages` null where nobody gives it now. */
export interface NamedRow {
  readonly contribution: Hex
  readonly contributor?: Address
  readonly row: number
  readonly line?: number
  readonly messages: readonly ChatMessage[] | null
}

/** A line of a contribution that brought nothing, with the earlier row it repeats or the question it leaks. */
export interface RefusedRow {
  readonly line: number
  readonly code: string
  readonly messages: readonly ChatMessage[] | null
  readonly earlier: NamedRow | null
  readonly question: readonly ChatMessage[] | null
}

/** A validator's vote as this node knows it; `agrees`: whether it found the same rows as the checks here. */
export interface VoteView {
  readonly validator: Address
  readonly weight: number
  readonly step: 'waiting' | 'committed' | 'revealed'
  readonly accept: boolean | null
  readonly abstains: boolean
  readonly agrees: boolean | null
  /** In its owner's words, signed with the vote; null before it is told, and where there is none. */
  readonly reason: string | null
  /** The same by a code, of the checks or of `voteCodes`. */
  readonly code: string | null
}

/** Votes on a contribution. Times are milliseconds since 1970, null when it is not being voted on. */
export interface VotesView {
  readonly contribution: Hex
  readonly datanet: Hex
  readonly total: number
  readonly opensAt: number | null
  readonly closesAt: number | null
  readonly validators: readonly VoteView[]
}

/** Which Datanets: words that name, description, licence or tags hold, all of them; or a tag. */
export interface DatanetsRequest extends PageRequest {
  readonly search?: string | undefined
  readonly tag?: string | undefined
}

/** Rows of a version that are like a text; of one contributor, or of all. */
export interface NearestRequest {
  readonly datanet: Hex
  readonly version: number
  readonly text: string
  readonly contributor?: Address
  readonly limit: number
}
export interface VersionNearRow {
  readonly contribution: Hex
  readonly contributor: Address
  /** Of the contributor's file, from 1. */
  readonly line: number
  /** How much of the words is shared, rare ones counting more, in thousandths. */
  readonly overlap: number
  readonly messages: readonly ChatMessage[]
  /** Validators whose votes for it stand in its certificate. */
  readonly voters: number
}

/**
 * A line of a file that is not blank: `own` if it would be taken, `skipped` if an earlier check ended it all, or what
 * is wrong with it; of a row that is not new, the contribution whose it is (none: an earlier line of the same file).
 */
export interface PreviewLine {
  readonly line: number
  readonly code: string
  readonly of?: Hex
  /** Of a repeated row: its index in that contribution's shard, or among the rows of this file. */
  readonly row?: number
  /** Of a held-out question: its index among them. */
  readonly question?: number
}

/** How a validator votes: by its own checks, or by its owner's hand. */
export type VotePolicy = 'auto' | 'manual'

/** A contribution that is voted on, as a validator sees it. Weights are of the Datanet's roster. */
export interface ReviewItem extends ContributionView {
  readonly datanetName: string
  /** What this node's own checks say; null before them. */
  readonly advice: boolean | null
  /** How this node has voted, with its owner's reason, which is told with the vote; null: it has not. */
  readonly vote: Said | null
  readonly voteReason?: string
  readonly voteCode?: string
  /** Until when the vote can be taken back: nobody was told of it yet. null: there is none, or it was told. */
  readonly undoUntil: number | null
  /** Revealed votes, for, against and for neither side; and what has committed to a vote. */
  readonly accepting: number
  readonly rejecting: number
  readonly abstaining: number
  readonly committed: number
  readonly total: number
  /** Milliseconds since 1970; null before its turn has come. */
  readonly closesAt: number | null
}

/** A validator that signed two different votes on one contribution; `reported`: the chain was shown it. */
export interface DoubleVoteView {
  readonly contribution: Hex
  readonly validator: Address
  readonly reported: boolean
}

/** A row that is voted on, and the accepted one that it shares most words with. */
export interface ReviewRow {
  readonly line: number
  /** `own`, or what is wrong with it; `unchecked` before the checks. */
  readonly code: string
  readonly messages: readonly ChatMessage[] | null
  readonly nearest: {
    readonly contribution: Hex
    readonly line: number
    /** In thousandths. */
    readonly overlap: number
    readonly messages: readonly ChatMessage[]
  } | null
}

/** What the checks would say of a file that nobody has signed yet. */
export interface Preview {
  readonly verdict: Verdict
  readonly lines: readonly PreviewLine[]
  /** Contributions that its contributor has made already, of those that the Datanet allows an account. */
  readonly uploads: number
  readonly allowed: number
  /** Whether it was compared with what was accepted before: only a node that follows the Datanet has that. */
  readonly compared: boolean
}

/** Everything signed that this node has of a contribution, as it was signed. */
export interface ContributionPapers {
  readonly contribution: Hex
  readonly datanet: Hex
  /** Undefined before the reveal: until then only the chain knows what was committed. */
  readonly commitment: Signed<'Commitment'> | undefined
  readonly reveal: Signed<'Reveal'> | undefined
  readonly commits: readonly Signed<'VoteCommit'>[]
  /** Those of the certificate too, where others gathered it. */
  readonly votes: readonly Signed<'Vote'>[]
  readonly certificate: Certificate | undefined
}

/** Why a file is kept here, by the ids that name it. */
export type FileReason = { readonly kind: 'contribution' | 'questions'; readonly id: Hex } | { readonly kind: 'other' }

/** News of this phase, for the bus, the API and the console. */
export type DataEvents = {
  'data.datanet': { datanet: Hex; host: Address; name: string }
  'data.committed': { datanet: Hex; contribution: Hex; contributor: Address; index: number }
  'data.revealed': { datanet: Hex; contribution: Hex; cid: string; rows: number }
  'data.checked': { datanet: Hex; contribution: Hex; accept: boolean; reason?: string }
  'data.voted': { datanet: Hex; contribution: Hex; validator: Address; step: 'committed' | 'revealed' }
  'data.decided': { datanet: Hex; contribution: Hex; status: 'accepted' | 'rejected' | 'expired'; reason?: string }
  'data.double-vote': { datanet: Hex; contribution: Hex; validator: Address }
  'data.unsent': { datanet: Hex; contribution: Hex; code: string }
  'data.removed': { datanet: Hex; contribution: Hex; by: Removed }
  'data.version': VersionView
} & JuryEvents &
  TermsEvents &
  QuestionsEvents

export interface MixRequest {
  readonly datanets: readonly Hex[]
  /** Its parents' names together unless given. */
  readonly name?: string | undefined
  readonly description?: string | undefined
}

/** `founded` and `anchored`: whether that was done now, or was there before. */
export interface Mixed {
  readonly datanet: DatanetView
  readonly version: VersionView
  readonly founded: boolean
  readonly anchored: boolean
}

export interface DataService extends ContributingService, JuryService, TermsService, QuestionsService, PrivateService {
  readonly name: 'data'
  start(): Promise<void>
  stop(): Promise<void>

  /**
   * Creates a Datanet with this node as host: held-out file on IPFS, the rules on chain and by gossip.
   * @param heldOut JSONL of good rows @throws InvalidError `held-out.invalid` (names the line), `rules.invalid`
   */
  createDatanet(rules: Omit<DatanetRules, 'heldOut' | 'parents'>, heldOut: string | Uint8Array): Promise<DatanetView>
  /**
   * A Datanet made of others, with this node as host, and its newest version: one that this node has founded of the
   * same already, where it has (and it is called so, if a name is given).
   * @throws InvalidError `mix.*`, `name.*` · NotFoundError `datanet.unknown` · as manifest and versionRows
   */
  mix(request: MixRequest): Promise<Mixed>
  /** Mixes that say they are made of a Datanet, of those known here. */
  mixesOf(datanet: Hex): readonly Hex[]
  /**
   * Those whose rules are known here, in the order of their ids. A search looks at so many in one call: its page may
   * be short and go on all the same.
   */
  datanets(page?: DatanetsRequest): Promise<Page<DatanetView>>
  datanet(id: Hex): Promise<DatanetView | undefined>
  /**
   * By id, by as much of one as no other shares, or by name.
   * @throws NotFoundError `datanet.unknown` · InvalidError `datanet.ambiguous`
   */
  findDatanet(nameOrId: string): Promise<DatanetView>
  /**
   * Has to do with a Datanet from now on: hears, checks and keeps what is contributed there.
   * @throws LimitError `datanet.followed-many` · NotFoundError `datanet.unknown`
   */
  follow(datanet: Hex, role?: DatanetRole): Promise<void>
  /** Those that this node has to do with, and why; no look at the disk. */
  followed(): readonly { readonly id: Hex; readonly roles: readonly DatanetRole[] }[]
  /** Ends a role; a Datanet without one is forgotten but for what everybody knows. */
  unfollow(datanet: Hex, role?: DatanetRole): Promise<void>
  /** @throws NotFoundError `datanet.unknown`, or as files.fetchBytes */
  heldOutRows(datanet: Hex): Promise<readonly Row[]>

  /**
   * Runs the validators' checks on a file before an upload is spent on it; keeps and says nothing.
   * @throws NotFoundError `datanet.unknown` · LimitError `shard.too-large` · as files.fetchBytes, for the questions
   */
  preview(request: { datanet: Hex; file: string | Uint8Array; contributor: Address }): Promise<Preview>
  /**
   * Takes back a contribution, as far as it can be: what is not decided at the node that brought it in, what was
   * accepted at any, by its contributor's signature; with this node's key unless another, or a signature, is given.
   * @throws NotFoundError `contribution.unknown` · InvalidError `contribution.decided`, `contribution.not-ours`,
   * `contribution.sending` (try again)
   */
  withdraw(
    contribution: Hex,
    by?: { readonly key: Uint8Array } | { readonly signed: Signed<'Withdrawal'> }
  ): Promise<{ state: Withdrawal }>
  /**
   * A validator's word for taking down what was accepted: a quorum hides it everywhere and unpins it.
   * @throws NotFoundError `contribution.unknown` · InvalidError `vote.not-validator`, `removal.known`,
   * `removal.not-accepted`
   */
  takeDown(contribution: Hex, why: { readonly code: TakeDownCode; readonly text: string }): Promise<RemovalView>
  /** What is known of its removal. @throws NotFoundError `contribution.unknown` */
  removal(contribution: Hex): Promise<RemovalView>
  /** Contributions of an anchored version that have left since, with their rows in it. */
  leftSince(datanet: Hex, version: number): Promise<readonly LeftView[]>
  /** In order of authorship; of one account, if one is given. */
  contributions(
    datanet: Hex,
    page?: PageRequest & { contributor?: Address | undefined }
  ): Promise<Page<ContributionView>>
  contribution(id: Hex): Promise<ContributionView | undefined>
  /**
   * Accepted rows to read and to search.
   * @throws NotFoundError `version.unknown` · InvalidError `datanet.not-followed`, `page.cursor`, `rows.from` · as
   * files.fetchBytes
   */
  acceptedRows(datanet: Hex, request?: RowsRequest): Promise<RowsPage>
  /** Lines of a contribution that brought nothing. @throws NotFoundError `contribution.unknown` */
  refusedRows(contribution: Hex, page?: PageRequest): Promise<Page<RefusedRow>>
  /** @throws NotFoundError `contribution.unknown` */
  row(contribution: Hex, row: number): Promise<NamedRow>
  /** @throws NotFoundError `contribution.unknown` */
  votes(contribution: Hex): Promise<VotesView>
  /** Of the newest decided contributions, how many each validator has looked at in time. */
  turnout(datanet: Hex): Promise<{ readonly of: number; readonly counts: ReadonlyMap<Address, number> }>
  /** The newest decided contributions in their order, each with what the validators said who sat then. */
  decisions(datanet: Hex): AsyncIterable<DecisionView>
  /** Ids of contributions that begin so (0x and hexadecimal digits), of whichever Datanet. */
  contributionIds(beginning: string): AsyncIterable<Hex>

  /** Everything signed that is known here of a contribution. */
  papers(contribution: Hex): Promise<ContributionPapers | undefined>
  /** The contribution that a vote, or a commitment to one, is about; by the statement's digest. */
  votedOn(vote: Hex): Promise<Hex | undefined>
  /** Digests of votes and of commitments to them that begin so. */
  voteIds(beginning: string): AsyncIterable<Hex>
  /** The host's statement and the rules, where they are known here. */
  document(datanet: Hex): Promise<DatanetDocument | undefined>
  /** What this node keeps a file of the data phase for; nothing where it does not. */
  heldFor(cid: string): Promise<readonly FileReason[]>

  /**
   * Votes by hand. @param holdMs how long it is told to nobody, so that it can be taken back; at most until half of the
   * vote's window is over @throws InvalidError `vote.not-validator`, `vote.not-open`, `vote.already`
   */
  vote(contribution: Hex, accept: Said, reason?: string | VoteReason, holdMs?: number): Promise<void>
  /** Takes back a vote that nobody was told of. @throws InvalidError `vote.told`, `vote.none` */
  unvote(contribution: Hex): Promise<void>
  /** What is not decided yet in the Datanets that are followed here, as far as a look with a bound goes. */
  undecided(): Promise<readonly ReviewItem[]>
  /** Validator: what is voted on, a Datanet's in the order of authorship. */
  review(page?: PageRequest): Promise<Page<ReviewItem>>
  /** Double votes in a Datanet that this node has evidence of. */
  doubleVotes(datanet: Hex): Promise<readonly DoubleVoteView[]>
  /** @throws NotFoundError `contribution.unknown` */
  reviewOf(contribution: Hex): Promise<ReviewItem>
  /**
   * Its rows, each with the accepted row nearest to it.
   * @throws NotFoundError `contribution.unknown` · InvalidError `contribution.not-shown` · as files.fetchBytes
   */
  reviewRows(contribution: Hex, page?: PageRequest): Promise<Page<ReviewRow>>
  /** Whether this validator votes by its own checks, or leaves it to its owner. */
  votePolicy(): Promise<VotePolicy>
  setVotePolicy(policy: VotePolicy): Promise<void>

  /**
   * Anchors everything accepted as the next version, once validators have sealed it.
   * @throws InvalidError `version.not-host`, `version.empty`, `version.unchanged` · TilthError `version.unsealed`
   */
  anchorVersion(datanet: Hex): Promise<VersionView>
  /** Anchored versions, oldest first. */
  versions(datanet: Hex, page?: PageRequest): Promise<Page<VersionView>>
  /**
   * The manifest of an anchored version, checked: root against the chain, certificates against the rules.
   * @throws NotFoundError `version.unknown` · InvalidError `version.*`
   */
  manifest(datanet: Hex, version: number, how?: { readonly brief?: boolean }): Promise<VersionManifest>
  /** Every row of a version with its author (fetches the shards it lacks). */
  versionRows(manifest: VersionManifest, which?: { readonly remaining?: boolean }): Promise<readonly VersionRow[]>
  /**
   * A version as a CAR, the latest unless given: its roots are the manifest, the held-out questions and the shards.
   * @throws as manifest · as files.fetchBytes
   */
  versionCar(datanet: Hex, version?: number, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  /**
   * Reads such a CAR and keeps what is in it for others.
   * @returns which version, and its files and bytes
   * @throws InvalidError `files.car`, `version.not-here` · LimitError `files.too-large` · as manifest
   */
  takeVersionCar(
    datanet: Hex,
    car: AsyncIterable<Uint8Array>
  ): Promise<{ readonly version: number; readonly files: number; readonly bytes: number }>
  /** Rows of a version that share most with a text, nearest first, among so many of its first. @throws as manifest */
  nearest(
    request: NearestRequest
  ): Promise<{ readonly rows: readonly VersionNearRow[]; readonly compared: number; readonly all: number }>

  /** Compares notes with one peer now (it happens by itself at each connection and every few seconds). */
  sync(peer: string): Promise<void>
}
