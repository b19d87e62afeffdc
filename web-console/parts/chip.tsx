import type { ReactNode } from 'react'
import type { Phase } from '../../protocol/flow.ts'
import './chip.css'

/** A state or a kind, in its phase's colour. */
export function Chip({ phase, children }: { readonly phase?: Phase | 'wrong'; readonly children: ReactNode }) {
  return (
    <span className="chip" data-phase={phase}>
      {children}
    </span>
  )
}
