import { useEffect, useEffectEvent } from 'react'

/** After so long without another letter what was typed is meant. */
const settledMs = 250

/** Hears what was typed once nothing more is. */
export function useSettled(typed: string, hear: (text: string) => void): void {
  const latest = useEffectEvent(hear)
  useEffect(() => {
    const timer = setTimeout(() => {
      latest(typed.trim())
    }, settledMs)
    return () => {
      clearTimeout(timer)
    }
  }, [typed])
}
