import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import type { JobDraft, KeptDraft } from '../../../protocol/jobs/draft.ts'
import { TilthError } from '../../../protocol/primitives/errors.ts'
import { api, useCall, useConnection } from '../../api/index.ts'

/** So long nothing is entered before it is kept. */
const restMs = 500

export interface Drafting {
  readonly draft: KeptDraft | undefined
  readonly error: Error | null
  readonly refetch: () => unknown
  readonly change: (edits: Partial<JobDraft>) => void
  /** Whether all that was entered is kept by the daemon. */
  readonly isKept: boolean
  /** Why it could not be kept. */
  readonly fault: TilthError | undefined
  /** Lets go of what was entered here, for what another browser has saved. */
  readonly takeOther: () => void
  /** Keeps at once what was entered. @returns the draft as it is kept */
  readonly settle: () => Promise<KeptDraft | undefined>
}

/** What the daemon says against it stays; that it does not answer passes. */
export const isPassing = ({ consequence }: TilthError): boolean => consequence !== 'reject'

/** A draft as the daemon keeps it, with what is being entered here over it. */
export function useDraft(id: string): Drafting {
  const queries = useQueryClient()
  const kept = useCall('draft', { id })
  const [edits, setEdits] = useState<Partial<JobDraft>>({})
  const [fault, setFault] = useState<TilthError>()
  const connection = useConnection()
  const saving = useRef<Promise<KeptDraft | undefined>>(undefined)
  const server = kept.data
  const isKept = Object.keys(edits).length === 0

  const save = async ({ goes = false } = {}): Promise<KeptDraft | undefined> => {
    // A page that goes runs nothing more once it has waited.
    if (!goes) await saving.current
    const before = queries.getQueryData<KeptDraft>(['draft', { id }])
    if (before === undefined || isKept) return before
    const { id: _, revision, savedAt: __, ...plain } = before
    try {
      const now = await api.call('saveDraft', {
        body: { draft: { ...plain, ...edits }, from: { id, revision } },
        keepalive: goes
      })
      queries.setQueryData(['draft', { id }], now)
      // What was entered meanwhile stays over it.
      setEdits(latest =>
        Object.fromEntries(Object.entries(latest).filter(([key, value]) => edits[key as keyof JobDraft] !== value))
      )
      setFault(undefined)
      return now
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      setFault(error)
      return undefined
    }
  }
  useEffect(() => {
    if (isKept || server === undefined || fault !== undefined) return undefined
    const timer = setTimeout(() => {
      saving.current = save()
    }, restMs)
    return () => {
      clearTimeout(timer)
    }
  }, [edits, server === undefined, fault])

  // Whoever goes to another page, reloads or closes this one has what was entered last kept, too.
  const leave = useEffectEvent((goes: boolean) => {
    if (!isKept && server !== undefined && fault === undefined) void save({ goes })
  })
  useEffect(() => {
    const onHide = (): void => leave(true)
    addEventListener('pagehide', onHide)
    return () => {
      removeEventListener('pagehide', onHide)
      leave(false)
    }
  }, [])

  // A daemon that was away is back: what could not be kept meanwhile is.
  useEffect(() => {
    if (connection === 'open' && fault !== undefined && isPassing(fault)) setFault(undefined)
  }, [connection])

  return {
    draft: server === undefined ? undefined : { ...server, ...edits },
    error: kept.error,
    refetch: kept.refetch,
    change: more => {
      if (fault !== undefined && isPassing(fault)) setFault(undefined)
      setEdits(before => ({ ...before, ...more }))
    },
    isKept,
    fault,
    takeOther: () => {
      setEdits({})
      setFault(undefined)
      void kept.refetch()
    },
    settle: () => save()
  }
}
