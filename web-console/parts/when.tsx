import { useSyncExternalStore } from 'react'
import { agoText, exactTime } from '../formats/index.ts'

const watchers = new Set<() => void>()
let now = Date.now()
/** One timer for all times that are shown. */
let timer: ReturnType<typeof setInterval> | undefined
const stepMs = 5_000

function watch(watcher: () => void): () => void {
  watchers.add(watcher)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of watchers) each()
  }, stepMs)
  return () => {
    watchers.delete(watcher)
    if (watchers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The present time, to some seconds. */
export const useNow = (): number => useSyncExternalStore(watch, () => now)

/** A time beside now, local; exact on hover. Milliseconds since 1970. */
export function When({ at }: { readonly at: number }) {
  const present = useNow()
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
      {agoText(at, Math.max(present, Date.now() - stepMs))}
    </time>
  )
}
