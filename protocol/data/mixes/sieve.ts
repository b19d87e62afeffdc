import type { Hex } from '../../primitives/hex.ts'
import { usesIn } from '../checks.ts'
import type { HeldOut } from '../held-out.ts'
import { RowIndex, printRow } from '../row-index.ts'
import type { RowPrint } from '../row-index.ts'
import type { Row } from '../types.ts'

/** What a row of a parent is compared with in the others. */
export interface SieveParent {
  readonly id: Hex
  readonly heldOut: HeldOut
}

/** One of a version's rows, with its index in its shard. */
export type NumberedRow = readonly [number, Row]

/**
 * Which rows of its parents a mix holds. A parent has judged its own rows already, so a row is looked at beside those
 * of the other parents only: it leaves if it repeats one of theirs that was committed before, by the rules that copies
 * are known by within a Datanet, or if it leaks one of their held-out questions. Contributions are given in the order
 * of the chain; everybody finds the same.
 */
export class Sieve {
  readonly #parents: readonly (SieveParent & { readonly kept: RowIndex })[]
  #order = 0

  /** @param nearDuplicate as in the rules of the mix */
  constructor(parents: readonly SieveParent[], nearDuplicate: number) {
    this.#parents = parents.map(parent => ({ ...parent, kept: new RowIndex(nearDuplicate) }))
  }

  /**
   * The next contribution: its rows that a parent took, and of these the indices that stay. Pauses after each row.
   * @param datanet the parent that has accepted it
   */
  *take(datanet: Hex, contribution: Hex, rows: readonly NumberedRow[]): Generator<void, number[]> {
    const order = ++this.#order
    const own = this.#parents.find(({ id }) => id === datanet)
    const others = this.#parents.filter(({ id }) => id !== datanet)
    const prints: RowPrint[] = []
    for (const [, row] of rows) {
      prints.push(printRow(row))
      yield
    }
    const inFile = usesIn(prints)
    const stays = (print: RowPrint): boolean =>
      others.every(
        ({ heldOut, kept }) =>
          heldOut.leaks(print) === undefined &&
          kept.exact(print, order) === undefined &&
          kept.near(print, order, { inFile }) === undefined
      )
    const left: number[] = []
    for (const [i, [index]] of rows.entries()) {
      const print = prints[i]
      if (print !== undefined && stays(print)) {
        own?.kept.add(print, { contribution, order, row: index })
        left.push(index)
      }
      yield
    }
    return left
  }
}
