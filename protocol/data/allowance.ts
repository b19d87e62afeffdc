import type { Address } from '../primitives/hex.ts'
import type { DatanetRules, UploadLimits } from './types.ts'

/** An earlier contribution, as it counts for what its author may still bring. */
export interface PastUpload {
  readonly contributor: Address
  /** Number of the epoch that its commitment's block is in. */
  readonly epoch: number
  /** Of its file, as its reveal says; 0 for one that was never shown. */
  readonly rows: number
  readonly bytes: number
  readonly fate: 'accepted' | 'rejected' | 'none'
  /** Rows of its own that were accepted. */
  readonly own: number
}
type Upload = Pick<PastUpload, 'contributor' | 'epoch' | 'rows' | 'bytes'>

/** What an account may bring in one epoch, and how much of that its accepted rows speak for. */
export interface Allowance {
  readonly rows: number
  readonly bytes: number
  readonly backed: number
}

export type AllowanceFinding =
  | { readonly code: 'ok' }
  | { readonly code: 'over-allowance' | 'newcomers-full'; readonly note: string }

/** Epochs are runs of blocks, so that everybody finds a commitment in the same one. */
export const uploadEpoch = ({ epochBlocks }: Pick<UploadLimits, 'epochBlocks'>, block: bigint): number =>
  Number(block / BigInt(epochBlocks))

/**
 * An account's allowance for an epoch, from what became of its contributions in earlier ones: the rows of a newcomer
 * and one more for each own row that was accepted, up to `mostRows`, divided by one more than its rejections; one row
 * at least. Bytes go with the rows. Integers, rounded down.
 */
export function allowanceIn(
  limits: UploadLimits,
  { accepted, rejected }: { readonly accepted: number; readonly rejected: number }
): Allowance {
  const among = (rows: number): number => Math.floor(Math.min(rows, limits.mostRows) / (1 + rejected))
  const rows = Math.max(1, among(limits.rows + accepted))
  return { rows, bytes: Math.floor((limits.bytes * rows) / limits.rows), backed: Math.min(rows, among(accepted)) }
}

/** What one account has behind it: of earlier epochs, and of the one that is counted. */
class Account {
  accepted = 0
  rejected = 0
  epoch = 0
  rows = 0
  bytes = 0
  #acceptedNow = 0
  #rejectedNow = 0

  /** What became of an epoch's contributions counts from the next one on. */
  turnTo(epoch: number): this {
    if (epoch === this.epoch) return this
    this.accepted += this.#acceptedNow
    this.rejected += this.#rejectedNow
    this.rows = this.bytes = this.#acceptedNow = this.#rejectedNow = 0
    this.epoch = epoch
    return this
  }
  add({ rows, bytes, fate, own }: PastUpload): void {
    this.rows += rows
    this.bytes += bytes
    if (fate === 'accepted') this.#acceptedNow += own
    if (fate === 'rejected') this.#rejectedNow++
  }
  /** Rows of the next upload that no accepted ones speak for. */
  unbacked(limits: UploadLimits, rows: number): number {
    const { backed } = allowanceIn(limits, this)
    return Math.max(0, this.rows + rows - backed) - Math.max(0, this.rows - backed)
  }
}

/**
 * Counts contributions in the order of authorship. Rows of an account that no accepted rows of earlier epochs speak for
 * are drawn from a pool that all share: so many fresh accounts together bring no more than one could, and what they may
 * bring later is what was accepted of them.
 */
export class UploadCount {
  readonly #limits: UploadLimits
  readonly #accounts = new Map<Address, Account>()
  #epoch = 0
  #drawn = 0

  constructor(limits: UploadLimits) {
    this.#limits = limits
  }

  #accountOf(contributor: Address, epoch: number): Account {
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#drawn = 0
    }
    const known = this.#accounts.get(contributor) ?? new Account()
    this.#accounts.set(contributor, known)
    return known.turnTo(epoch)
  }

  /** Takes what was decided; each is of the same epoch as the one before it, or of a later one. */
  add(upload: PastUpload): void {
    const account = this.#accountOf(upload.contributor, upload.epoch)
    // What was refused costs its author, and takes nothing from the others' pool.
    if (upload.fate === 'accepted') this.#drawn += account.unbacked(this.#limits, upload.rows)
    account.add(upload)
  }

  /** Whether the next one is within what its author may bring. */
  judge(upload: Upload): AllowanceFinding {
    const limits = this.#limits
    const account = this.#accountOf(upload.contributor, upload.epoch)
    const allowance = allowanceIn(limits, account)
    // [reject] An account brings no more rows and bytes in an epoch than its allowance.
    if (account.rows + upload.rows > allowance.rows || account.bytes + upload.bytes > allowance.bytes)
      return {
        code: 'over-allowance',
        note: `${account.rows} rows before and ${upload.rows} now, ${allowance.rows} allowed in this epoch`
      }
    // [reject] Rows that no accepted ones speak for are no more, of all accounts together, than the newcomers' pool.
    const unbacked = account.unbacked(limits, upload.rows)
    if (this.#drawn + unbacked > limits.newcomerRows)
      return {
        code: 'newcomers-full',
        note: `${unbacked} rows for the newcomers' pool, ${Math.max(0, limits.newcomerRows - this.#drawn)} of it left`
      }
    return { code: 'ok' }
  }
}

/** What a contribution has to keep to, where it is judged; without limits in the rules there is nothing to count. */
export interface UploadContext {
  readonly contributor: Address
  /** Number of the epoch of its commitment's block. */
  readonly epoch: number
  /** Before it, in order: of its epoch all that was accepted, and of their authors and its own all that is decided. */
  readonly past: readonly PastUpload[]
}

/**
 * Whether a contribution is within its allowance: so many in all, and so much in an epoch.
 * @param uploads commitments of the same account before it
 */
export function checkAllowance(
  rules: Pick<DatanetRules, 'uploadsPerContributor' | 'uploads'>,
  uploads: number,
  context: UploadContext | undefined,
  { rows, bytes }: Pick<Upload, 'rows' | 'bytes'>
): AllowanceFinding {
  // [reject] An account commits at most so many contributions to a Datanet, whatever became of them.
  if (uploads >= rules.uploadsPerContributor)
    return { code: 'over-allowance', note: `${uploads} before, ${rules.uploadsPerContributor} allowed` }
  if (rules.uploads === undefined || context === undefined) return { code: 'ok' }
  const { contributor, epoch, past } = context
  const count = new UploadCount(rules.uploads)
  for (const one of past) count.add(one)
  return count.judge({ contributor, epoch, rows, bytes })
}
