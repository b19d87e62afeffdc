import { contentHash } from '../primitives/canonical.ts'
import { TilthError } from '../primitives/errors.ts'
import { zeroHash } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'
import type { Network } from '../crypto/index.ts'
import { checkAllowance } from './allowance.ts'
import type { UploadContext } from './allowance.ts'
import { checkStatements } from './commitment.ts'
import type { ContributionStatements } from './commitment.ts'
import type { HeldOut } from './held-out.ts'
import { parseShard } from './lines.ts'
import type { ShardLine } from './lines.ts'
import { rowRuleBroken } from './row-rules.ts'
import { printRow } from './row-index.ts'
import type { RowIndex, RowPrint } from './row-index.ts'
import { checkNames } from './types.ts'
import type { CheckName, CheckResult, DatanetRules, RowIssue, RowOutcome, Verdict } from './types.ts'

/** Of a Datanet's rules, those by which contributions are judged. */
export type JudgedRules = Pick<
  DatanetRules,
  'maxRows' | 'maxBytes' | 'uploadsPerContributor' | 'uploads' | 'kind' | 'rows' | 'nearDuplicate' | 'minOwnShare'
>

/** What a contribution is judged by. The same input gives every validator the same verdict. */
export interface CheckInput {
  readonly network: Network
  readonly statements: ContributionStatements
  /**
   * The shard's bytes, or why the CID holds none that could be right: more than the reveal says, or no file; or nobody
   * gave it for as long as one waits for it. Of a private one: nobody gave the key to it for as long, or it opens to
   * nothing under its own key.
   */
  readonly shard: Uint8Array | 'too-large' | 'not-a-file' | 'unavailable' | 'no-key' | 'not-opened'
  /** Bytes that the file has beside those of the shard, where it was encrypted. */
  readonly added?: number
  readonly rules: JudgedRules
  readonly heldOut: HeldOut
  /** Rows that validators found to ask a sealed question, where it is not known here: as they told. */
  readonly hidden?: ReadonlySet<number>
  /** Own rows of what was accepted; those of later authorship than `order` are not looked at. */
  readonly earlier: RowIndex
  /** Place in the Datanet's order of authorship. */
  readonly order: number
  /** Commitments by this contributor before this one. */
  readonly uploads: number
  /** What its epoch's limits are judged by, where the rules have such. */
  readonly context?: UploadContext
}

/** The same before anything is signed: a file that may become a contribution. */
export type PreviewInput = Omit<CheckInput, 'network' | 'statements' | 'shard'> & { readonly shard: Uint8Array }
/** What its contributor has said of a shard; nothing before it is signed. */
type Claimed = Pick<ContributionStatements['reveal']['message'], 'contribution' | 'bytes' | 'rows'>
type Judged = Omit<CheckInput, 'network' | 'statements'>

/** Indices of a verdict's own rows. */
export const ownRows = (verdict: Pick<Verdict, 'rows'>): number[] =>
  verdict.rows.flatMap((row, i) => (row.kind === 'own' ? [i] : []))

/** Whether nothing was looked at: its file could not be had, or nobody gave the key to it. */
export const isUnread = ({ reason }: Pick<Verdict, 'reason'>): boolean =>
  reason === 'unavailable' || reason === 'no-key'

/** What is voted on: the contribution, its shard, and which rows of it are taken (none when it is rejected). */
export function outcomeOf(content: { contribution: Hex; cid: string; own: readonly number[] }, accept: boolean): Hex {
  const { contribution, cid, own } = content
  return contentHash({ contribution, cid, accept, own: accept ? own : [] })
}

class Results {
  readonly checks: CheckResult[] = []
  note(check: CheckName, code: string, note?: string): void {
    this.checks.push(note === undefined ? { check, code } : { check, code, note })
  }
  finish(): CheckResult[] {
    return checkNames.map(check => this.checks.find(result => result.check === check) ?? { check, code: 'skipped' })
  }
}

/** [reject] Both statements are the contributor's, and the reveal opens the commitment. */
function checkSignature({ network, statements }: CheckInput): string {
  try {
    checkStatements(network, statements)
    return 'ok'
  } catch (cause) {
    if (cause instanceof TilthError) return cause.code
    throw cause
  }
}

/** [reject] A shard is a file of as many bytes and rows as its reveal says, and no more than the rules allow. */
function checkSize(
  { shard, rules, added = 0 }: Judged,
  lines: readonly ShardLine[],
  claimed: Claimed | undefined
): string {
  if (typeof shard === 'string') return shard
  if (shard.length + added > rules.maxBytes) return 'too-large'
  if (claimed !== undefined && shard.length + added !== claimed.bytes) return 'size-mismatch'
  if (lines.length > rules.maxRows) return 'too-many-rows'
  if (claimed !== undefined && lines.length !== claimed.rows) return 'rows-mismatch'
  return lines.length === 0 ? 'empty' : 'ok'
}

/** How many of a file's rows have a word, of those that are rows. */
export function usesIn(prints: readonly (RowPrint | undefined)[]): (word: string) => number {
  let counts: Map<string, number> | undefined
  return word => {
    if (counts === undefined) {
      counts = new Map()
      for (const print of prints) for (const own of print?.words ?? []) counts.set(own, (counts.get(own) ?? 0) + 1)
    }
    return counts.get(word) ?? 0
  }
}

/**
 * What becomes of each row, in order. A row is judged by the first that applies: it is wrong or of another kind than
 * the Datanet takes, it leaks a held-out
 * question, it is a row of its own file to the letter, it repeats an earlier author's row exactly, or nearly; else it
 * is its contributor's own. So is a row that is near one of its own file: asking one thing in several ways is what a
 * good file does.
 */
function* judgeRows(input: Judged, lines: readonly ShardLine[], contribution: Hex): Generator<void, RowOutcome[]> {
  const { earlier, heldOut, order } = input
  const prints: (RowPrint | undefined)[] = []
  for (const line of lines) {
    prints.push('row' in line ? printRow(line.row) : undefined)
    yield
  }
  const inFile = usesIn(prints)
  const own = new Map<Hex, number>()
  const judgeRow = (print: RowPrint, row: number): RowOutcome => {
    const question = heldOut.leaks(print) ?? (input.hidden?.has(row) === true ? 'hidden' : undefined)
    if (question !== undefined) return { kind: 'held-out', ...(question === 'hidden' ? {} : { question }) }
    const exact = earlier.exact(print, order)
    if (exact !== undefined) return { kind: 'duplicate', of: exact.contribution, row: exact.row, exact: true }
    const before = own.get(print.exact)
    if (before !== undefined) return { kind: 'duplicate', of: contribution, row: before, exact: true }
    const near = earlier.near(print, order, { inFile })
    if (near !== undefined) return { kind: 'duplicate', of: near.contribution, row: near.row, exact: false }
    own.set(print.exact, row)
    // For whoever votes: it may be an earlier row at more length. It is taken all the same.
    const like = earlier.within(print, order)
    return like === undefined ? { kind: 'own' } : { kind: 'own', like: { of: like.contribution, row: like.row } }
  }
  const outcomes: RowOutcome[] = []
  for (const [row, line] of lines.entries()) {
    const print = prints[row]
    const broken = 'row' in line ? rowRuleBroken(line.row, input.rules) : undefined
    if (print === undefined) outcomes.push({ kind: 'invalid', code: 'code' in line ? line.code : 'not-a-row' })
    else if (broken !== undefined) outcomes.push({ kind: 'invalid', code: broken })
    else outcomes.push(judgeRow(print, row))
    yield
  }
  return outcomes
}

const kindOf = (row: RowOutcome): 'own' | 'schema' | 'held-out' | 'exact-duplicate' | 'near-duplicate' => {
  switch (row.kind) {
    case 'own':
      return 'own'
    case 'invalid':
      return 'schema'
    case 'held-out':
      return 'held-out'
    case 'duplicate':
      return row.exact ? 'exact-duplicate' : 'near-duplicate'
  }
}
const findings = {
  schema: 'invalid-rows',
  'held-out': 'held-out-rows',
  'exact-duplicate': 'duplicate-rows',
  'near-duplicate': 'near-duplicate-rows'
} as const

function issuesOf(lines: readonly ShardLine[], rows: readonly RowOutcome[]): RowIssue[] {
  return rows.flatMap((row, i) => {
    const line = lines[i]?.line ?? i + 1
    if (row.kind === 'own') return []
    return [
      {
        line,
        code:
          row.kind === 'invalid'
            ? row.code
            : row.kind === 'held-out'
              ? 'held-out'
              : row.exact
                ? 'duplicate'
                : 'near-duplicate'
      }
    ]
  })
}

/** Runs every check in the order of `checkNames`. Pure; never throws for what a contributor did. */
export function checkContribution(input: CheckInput): Verdict {
  const steps = checkSteps(input)
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value
}

/** The same, pausing after each row, for a thread that has other things to do. */
export function* checkSteps(input: CheckInput): Generator<void, Verdict> {
  const results = new Results()
  const signature = checkSignature(input)
  results.note('signature', signature)
  const claimed = input.statements.reveal.message
  if (signature !== 'ok') return rejectedFor(signature, results, claimed.contribution)
  return yield* judge(input, results, claimed)
}

/**
 * What the checks would say of a file that nobody has signed yet, by the same rules; `signature` is skipped, and what
 * is compared with the reveal fits it.
 */
export function* previewSteps(input: PreviewInput): Generator<void, Verdict> {
  return yield* judge(input, new Results(), undefined)
}

const rejectedFor = (reason: string, results: Results, contribution: Hex): Verdict => ({
  contribution,
  accept: false,
  reason,
  checks: results.finish(),
  rows: [],
  issues: []
})

function* judge(input: Judged, results: Results, claimed: Claimed | undefined): Generator<void, Verdict> {
  const contribution = claimed?.contribution ?? zeroHash
  const rejected = (reason: string): Verdict => rejectedFor(reason, results, contribution)

  // [reject] A contribution is within its author's allowance: that is asked first, and of what its reveal says.
  const { minOwnShare, maxRows } = input.rules
  const { shard } = input
  const lines = typeof shard === 'string' || shard.length > input.rules.maxBytes ? [] : parseShard(shard, maxRows)
  const said = claimed ?? { rows: lines.length, bytes: shard.length + (input.added ?? 0) }
  const found = checkAllowance(input.rules, input.uploads, input.context, said)
  results.note('allowance', found.code, 'note' in found ? found.note : undefined)
  if (found.code !== 'ok') return rejected(found.code)

  const size = checkSize(input, lines, claimed)
  results.note('size', size)
  if (size !== 'ok') return rejected(size)

  const rows = yield* judgeRows(input, lines, contribution)
  const counts = { own: 0, schema: 0, 'held-out': 0, 'exact-duplicate': 0, 'near-duplicate': 0 }
  for (const row of rows) counts[kindOf(row)]++
  const longer = rows.filter(row => row.kind === 'own' && row.like !== undefined).length
  const advice =
    longer === 0 ? undefined : `${longer} own rows may be earlier ones at more length: validators look at them`
  for (const check of ['schema', 'held-out', 'exact-duplicate', 'near-duplicate'] as const) {
    if (counts[check] === 0) results.note(check, 'ok', check === 'near-duplicate' ? advice : undefined)
    else results.note(check, findings[check], `${counts[check]} of ${rows.length} rows`)
  }

  // [reject] Of the rows that repeat nobody's, one at least is a good one, and so is minOwnShare of them. What somebody
  // else wrote before is that author's, and says nothing against the rest: who is first decides about rows, not files.
  // The reason names what most others are.
  const duplicates = counts['exact-duplicate'] + counts['near-duplicate']
  const judged = rows.length - duplicates
  const accept = counts.own > 0 && counts.own * 1000 >= minOwnShare * judged
  const worst = Math.max(counts.own > 0 ? 0 : duplicates, counts.schema, counts['held-out'])
  const reason = accept
    ? undefined
    : counts.own === 0 && duplicates === worst
      ? 'mostly-duplicate'
      : counts.schema === worst
        ? 'mostly-invalid'
        : 'contaminated'
  results.note('own-share', reason ?? 'ok', `${counts.own} of ${rows.length} rows are its own`)
  return {
    contribution,
    accept,
    ...(reason === undefined ? {} : { reason }),
    checks: results.finish(),
    rows,
    issues: issuesOf(lines, rows)
  }
}
