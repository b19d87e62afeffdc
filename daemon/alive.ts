import { isAlive, lookAt } from '../node/runtime/processes.ts'

/**
 * Calls `end` when the process that started this one is gone, however that one ended: nothing is left behind. Of what
 * npm starts that is npm itself, with a shell between.
 */
export async function watchParent(end: () => void): Promise<void> {
  const named = Number(process.env['TILTH_PARENT'] ?? 0)
  const watched: number[] = named > 1 ? [named] : []
  if (process.env['npm_lifecycle_event'] !== undefined && process.ppid > 1) {
    watched.push(process.ppid)
    const above = (await lookAt(process.ppid))?.parent ?? 0
    if (above > 1) watched.push(above)
  }
  if (watched.length === 0) return
  const timer = setInterval(() => {
    if (watched.every(isAlive)) return
    clearInterval(timer)
    end()
  }, 1000)
  timer.unref()
}
