import type { Message, Signed } from '../../../protocol/crypto/index.ts'
import type { ContributionStatements, PermitWanted, SealedKeys } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { PrepareRequest } from '../private/types.ts'

/** What a contributor signs: `message` now, and the reveal of what is in it. */
export interface PreparedContribution {
  /** Digest of the Commitment: the contribution's id once it is on chain. */
  readonly id: Hex
  readonly cid: string
  readonly rows: number
  readonly bytes: number
  readonly salt: Hex
  readonly message: Message<'Commitment'>
  /** Of a private Datanet's: goes with the statements, whose reveal has its hash for salt. */
  readonly sealed?: SealedKeys
  /** Of the token's, where its contributor has to let the bond be locked. */
  readonly permit?: PermitWanted
}

/** A contribution that was promised here and cannot be sent as it was signed: since `at`, and by which code. */
export interface UnsentView {
  readonly id: Hex
  readonly datanet: Hex
  readonly contributor: Address
  readonly rows: number
  readonly code: string
  readonly says: string
  readonly at: number
}

/** What is locked with a contribution. Times are milliseconds since 1970. */
export interface BondView {
  readonly contribution: Hex
  readonly datanet: Hex
  readonly contributor: Address
  readonly amount: bigint
  /** From then on it can be had back, and is burnt no more. */
  readonly until: number
  readonly state: 'open' | 'returned' | 'burnt'
  /** Weight that calls it spam, of all that decides on it; and whose. */
  readonly spam: number
  readonly total: number
  readonly spoke: readonly Address[]
}

export interface ContributingService {
  /**
   * Stores a shard and says what its contributor has to sign. Wrong rows do not stop it: the checks name them.
   * @throws NotFoundError `datanet.unknown` · LimitError `shard.too-large`, `shard.too-many-rows`,
   * `contributor.allowance` · InvalidError `shard.empty`
   */
  prepare(request: PrepareRequest): Promise<PreparedContribution>
  /**
   * Takes a contributor's two statements, keeps them, commits on chain and then reveals. Resolves when the commitment
   * has its place on
   * chain; the reveal follows also over a crash. @throws InvalidError `signature.mismatch`, `commitment.mismatch`,
   * `shard.missing`, `contribution.rules` (others are in force than it was signed for), `.late`, `.bond` ·
   * TilthError `contribution.pending` when the chain could not be reached: it is kept and tried again
   */
  submit(
    signed: ContributionStatements & { readonly permit?: Signed<'Permit'> | undefined }
  ): Promise<{ id: Hex; index: number }>
  /** What was promised here and is not sent: its contributors are asked again, the newest first. */
  unsent(): Promise<readonly UnsentView[]>
  /**
   * Signs such a contribution anew, by this node's key and under the rules that are in force now, and sends it.
   * @throws NotFoundError `contribution.unknown` · InvalidError `contribution.not-ours` · as submit
   */
  confirm(contribution: Hex, mostBond?: bigint): Promise<{ id: Hex; index: number }>
  /**
   * prepare, sign and submit; with the node's key unless another is given.
   * @param request.mostBond what may be locked with it; nothing unless given @throws InvalidError `contribution.bond`
   */
  contribute(request: {
    mostBond?: bigint
    datanet: Hex
    file: string | Uint8Array
    contributorKey?: Uint8Array
  }): Promise<{ id: Hex; index: number }>
  /** What is locked with a contribution; undefined where nothing was. */
  bond(contribution: Hex): Promise<BondView | undefined>
  /** Bonds that are open: of an account, those first that come back first; of this node's own unless one is given. */
  bonds(contributor?: Address): Promise<readonly BondView[]>
  /**
   * Gives a bond back to its contributor; any node may. Those of what was brought in here come back by themselves.
   * @throws NotFoundError `bond.none` · InvalidError `bond.held`
   */
  giveBack(contribution: Hex): Promise<BondView>
  /**
   * A validator's word that a contribution is spam: over two thirds of its roster's weight burn the bond.
   * @throws NotFoundError `bond.none` · InvalidError `vote.not-validator`, `bond.known`, `bond.due`
   */
  callSpam(contribution: Hex): Promise<BondView>
}
