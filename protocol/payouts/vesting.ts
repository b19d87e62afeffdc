import type { KeptBackRule } from '../data/types.ts'
import type { Address, Hex } from '../primitives/index.ts'
import { credited } from './division.ts'
import type { MeasuredModel } from './held-out.ts'
import { mostEvidence, mostKeptLines } from './kept.ts'
import type { KeptLedger, KeptPiece, KeptRow, ModelStanding } from './kept.ts'
import { resettle } from './resettled.ts'
import { sumOf } from './shares.ts'

// What of data fees waits to be divided by what later versions show: a ledger that each epoch hands to the next, one
// row for each epoch and model. A row remembers the best evidence about it so far: a model of a later version that was
// admitted to the pool and measured, does no worse on the held-out questions by two measures, and of such the one whose
// rows add most. Receipts only bring a model before the epoch; what it says is measured. So to turn others' money one
// needs a better model of the same questions, of a version that validators have sealed, and turns what is kept, no
// more. What counts was known an epoch before: a settler who leaves receipts out does not choose the evidence.

const keptIn = ({ pieces }: Pick<KeptRow, 'pieces'>): bigint => sumOf(pieces.map(({ kept }) => kept))
/** All that a ledger keeps. */
export const keptOf = ({ rows }: Pick<KeptLedger, 'rows'>): bigint => sumOf(rows.map(keptIn))

export const standingFrom = ({ measure, values }: MeasuredModel, version: number): ModelStanding => ({
  model: measure.model,
  version,
  gain: values.gain,
  level: values.level,
  players: [...measure.players],
  positive: [...values.positive],
  most: [...values.most],
  calibration: [...values.calibration]
})

/** What counts of an answer's weights; nothing where it goes by held-out values. */
const creditsOf = (weights: Divided['weights']): Pick<KeptPiece, 'credits' | 'others'> => {
  const credits = (weights?.players ?? []).flatMap((weight, player): [number, bigint][] =>
    weight > 0n ? [[player, weight]] : []
  )
  return { credits, others: credits.length === 0 ? 0n : credited(weights?.others ?? 0n) }
}

/** Some money of a model as it is divided now. */
export interface Divided {
  readonly money: bigint
  readonly weights: { readonly players: readonly bigint[]; readonly others: bigint } | undefined
}
const linesOfPieces = (pieces: readonly { readonly credits: readonly unknown[] }[]): number =>
  pieces.reduce((sum, { credits }) => sum + 1 + credits.length, 0)
const linesIn = ({ players, pieces }: Pick<KeptRow, 'players' | 'pieces'>): number =>
  players.length + linesOfPieces(pieces)

/** What is kept back of some money that is divided now. */
export const partKept = (money: bigint, share: number): bigint => (money * BigInt(share)) / 10_000n

/** Some money that is divided now, as it waits for a later version. @param share what is kept back, in basis points */
export function keptPieceOf({ money, weights }: Divided, share: number): KeptPiece {
  const kept = partKept(money, share)
  return { paid: money - kept, kept, ...creditsOf(weights) }
}

/** The pieces of a row: those of answers in their order, then all that went by held-out values as one. */
function piecesOf(pieces: readonly Divided[], share: number): KeptRow['pieces'] {
  const all = pieces.map(piece => keptPieceOf(piece, share))
  const [weighed, plain] = [all.filter(one => one.credits.length > 0), all.filter(one => one.credits.length === 0)]
  const together = { paid: sumOf(plain.map(one => one.paid)), kept: sumOf(plain.map(one => one.kept)) }
  return [...weighed, ...(together.kept > 0n ? [{ ...together, credits: [], others: 0n }] : [])].filter(
    ({ kept }) => kept > 0n
  )
}

/** What an epoch keeps back, and what its ledger begins with. */
export interface Keeping {
  readonly rule: KeptBackRule | null
  readonly epoch: number
  readonly at: bigint
  readonly before: KeptLedger
}

const isDue = ({ until, by }: KeptRow, { epoch, at }: Pick<Keeping, 'epoch' | 'at'>): boolean =>
  epoch >= until || at >= by

/**
 * The rows that an epoch adds: one for each model, as long as there is room beside those that go on waiting; where
 * there is not, those that keep most come first, and what the others divide is paid at once.
 */
export function rowsAdded(
  models: ReadonlyMap<Hex, { readonly standing: ModelStanding; readonly pieces: readonly Divided[] }>,
  keeping: Keeping
): KeptRow[] {
  const { rule, epoch, at, before } = keeping
  if (rule === null) return []
  let room = mostKeptLines
  for (const row of before.rows) if (!isDue(row, keeping)) room -= linesIn(row)
  return [...models.values()]
    .map(({ standing, pieces }) => ({ standing, pieces: piecesOf(pieces, rule.share) }))
    .filter(({ pieces }) => pieces.length > 0)
    .map(one => ({ ...one, kept: keptIn(one) }))
    .sort((a, b) => (a.kept > b.kept ? -1 : a.kept < b.kept ? 1 : a.standing.model < b.standing.model ? -1 : 1))
    .flatMap(({ standing, pieces }): KeptRow[] => {
      const lines = linesIn({ players: standing.players, pieces })
      if (lines > room) return []
      room -= lines
      return [
        {
          ...standing,
          epoch,
          until: epoch + rule.epochs,
          by: at + BigInt(rule.seconds),
          pieces,
          evidence: null
        }
      ]
    })
}

/** What the end of waiting brings an account: its part, and what that would have been by the first division. */
export interface Released {
  readonly account: Address
  readonly share: bigint
  readonly first: bigint
}

/** What an epoch divides of what was kept; `undivided`: of rows that say nothing of whom it is for. */
export function released(keeping: Pick<Keeping, 'before' | 'epoch' | 'at'>): {
  parts: Released[]
  undivided: bigint
} {
  const { rows, evidence } = keeping.before
  const known = new Map(evidence.map(one => [one.model, one]))
  let undivided = 0n
  const parts = rows.flatMap(row => {
    if (!isDue(row, keeping)) return []
    const later = row.evidence === null ? undefined : known.get(row.evidence)
    return row.pieces.flatMap(piece => {
      const vested = resettle(piece, row, later)
      if (vested === null) undivided += piece.kept
      return vested ?? []
    })
  })
  return { parts, undivided }
}

/** Whether a model says more about a row than what is known of it. */
function saysMore(row: KeptRow, than: ModelStanding | undefined, model: ModelStanding): boolean {
  // A later version …
  if (model.version <= row.version) return false
  // … that does no worse, neither in all nor by what its rows add, and better than what is known …
  if (model.gain < row.gain || model.level < row.level || model.gain <= (than?.gain ?? -1n)) return false
  // … and says something of more than one of them.
  const players = new Set(row.players)
  const common = model.players.flatMap((account, at) => (players.has(account) ? [model.positive[at] ?? 0n] : []))
  return common.length > 1 && common.some(worth => worth > 0n)
}

/** The ledger after an epoch: without what it has divided, with what it keeps and what it has measured. */
export function ledgerAfter(
  keeping: Keeping,
  added: readonly KeptRow[],
  measured: readonly ModelStanding[]
): KeptLedger {
  const { before } = keeping
  const all = new Map([...before.evidence, ...measured].map(one => [one.model, one]))
  const best = (row: KeptRow, models: Iterable<ModelStanding>): KeptRow => {
    let evidence = row.evidence === null ? undefined : all.get(row.evidence)
    for (const model of models) if (model.model !== row.evidence && saysMore(row, evidence, model)) evidence = model
    return { ...row, evidence: evidence?.model ?? null }
  }
  const rows = [...before.rows.filter(row => !isDue(row, keeping)), ...added].map(row => best(row, all.values()))
  // More names than are remembered: those go on that most of what waits goes by.
  const kept = new Map<Hex, bigint>()
  for (const row of rows)
    if (row.evidence !== null) kept.set(row.evidence, (kept.get(row.evidence) ?? 0n) + keptIn(row))
  const names = [...kept].sort(([a, x], [b, y]) => (x > y ? -1 : x < y ? 1 : a < b ? -1 : 1)).slice(0, mostEvidence)
  const evidence = names.flatMap(([model]) => all.get(model) ?? [])
  const remembered = new Set(evidence.map(({ model }) => model))
  return {
    rows: rows.map(row =>
      row.evidence === null || remembered.has(row.evidence) ? row : best({ ...row, evidence: null }, evidence)
    ),
    evidence
  }
}

/** What of a ledger is an account's by the first division: a later one may move it. */
export interface KeptBack {
  readonly model: Hex
  readonly epoch: number
  readonly until: number
  readonly by: bigint
  readonly amount: bigint
  /** The model by which it would be divided again, where one is known. */
  readonly evidence: Hex | null
}

export function keptBackOf({ rows }: Pick<KeptLedger, 'rows'>, account: Address): KeptBack[] {
  return rows.flatMap(row => {
    if (!row.players.includes(account)) return []
    const parts = row.pieces.flatMap(piece => resettle(piece, row, undefined) ?? [])
    if (parts.length === 0) return []
    const { model, epoch, until, by, evidence } = row
    const amount = sumOf(parts.flatMap(part => (part.account === account ? [part.first] : [])))
    return [{ model, epoch, until, by, amount, evidence }]
  })
}
