import type { ReactNode } from 'react'
import './table.css'

export interface Column<T> {
  readonly name: string
  readonly cell: (item: T) => ReactNode
  /** Right-aligned, as numbers are. */
  readonly number?: boolean
}

interface TableProps<T> {
  /** What the table lists, for who cannot see it. */
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly items: readonly T[]
  readonly keyOf: (item: T) => string
}

/** A table that becomes a list of cards where it is narrow, so that nothing scrolls sideways. */
export function Table<T>({ label, columns, items, keyOf }: TableProps<T>) {
  return (
    <table className="table" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ name, number = false }) => (
            <th key={name} scope="col" className={number ? 'table-number' : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map(item => (
          <tr key={keyOf(item)}>
            {columns.map(({ name, cell, number = false }) => (
              <td key={name} data-name={name} className={number ? 'table-number' : undefined}>
                <div>{cell(item)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
