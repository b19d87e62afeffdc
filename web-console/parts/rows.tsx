import { useWindowVirtualizer } from '@tanstack/react-virtual'
import type { ReactNode } from 'react'
import { useEffect, useRef } from 'react'
import './rows.css'

interface RowsProps<T> {
  readonly label: string
  readonly items: readonly T[]
  readonly keyOf: (item: T, at: number) => string
  /** About how high a row is, in pixels; each is measured when it is shown. */
  readonly height: number
  readonly children: (item: T, at: number) => ReactNode
  /** Called when the end comes into sight. */
  readonly onEnd?: () => void
}

/** A list of any length: only what is in sight is in the page. */
export function Rows<T>({ label, items, keyOf, height, children, onEnd }: RowsProps<T>) {
  const top = useRef<HTMLDivElement>(null)
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: top.current?.offsetTop ?? 0
  })
  const shown = virtual.getVirtualItems()
  const last = shown.at(-1)?.index ?? -1
  useEffect(() => {
    if (last >= items.length - 1 && items.length > 0) onEnd?.()
  }, [last, items.length, onEnd])
  return (
    <div ref={top} role="list" aria-label={label} className="rows" style={{ height: virtual.getTotalSize() }}>
      {shown.map(({ index, start }) => {
        const item = items[index]
        return item === undefined ? null : (
          <div
            key={keyOf(item, index)}
            role="listitem"
            aria-setsize={items.length}
            aria-posinset={index + 1}
            ref={virtual.measureElement}
            data-index={index}
            className="rows-item"
            style={{ transform: `translateY(${start - virtual.options.scrollMargin}px)` }}
          >
            {children(item, index)}
          </div>
        )
      })}
    </div>
  )
}
