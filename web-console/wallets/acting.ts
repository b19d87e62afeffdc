import { useSyncExternalStore } from 'react'
import { z } from 'zod'
import { address } from '../../protocol/primitives/hex.ts'
import type { Address } from '../../protocol/primitives/hex.ts'

/** Somebody of a local network who has a key in its folder and no daemon: the one that is open here signs by it. */
export interface Person {
  readonly name: string
  readonly address: Address
}

const person = z.strictObject({ name: z.string().min(1).max(60), address })
const key = 'tilth-acting'
const listeners = new Set<() => void>()
/** One object for one text: what is read is compared by identity. */
let known: { readonly text: string; readonly person: Person } | undefined

function read(): Person | undefined {
  const text = sessionStorage.getItem(key)
  if (text === null) return undefined
  if (known?.text === text) return known.person
  try {
    known = { text, person: person.parse(JSON.parse(text)) }
    return known.person
  } catch {
    return undefined // written by another version
  }
}

/** As whom one acts in this tab, beside the daemon itself; undefined: as the daemon. */
export const useActing = (): Person | undefined =>
  useSyncExternalStore(listener => {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }, read)

/** From now on, in this tab, until it is closed. */
export function actAs(who: Person | undefined): void {
  if (who === undefined) sessionStorage.removeItem(key)
  else sessionStorage.setItem(key, JSON.stringify(who))
  for (const listener of listeners) listener()
}
