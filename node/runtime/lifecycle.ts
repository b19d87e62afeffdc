import type { Log, Service } from './types.ts'

export interface Lifecycle {
  /** Starts a service; if that fails, what was started before stays to be stopped by `stop`. */
  start(service: Service): Promise<void>
  /**
   * Stops everything in the reverse order of its start; one failure does not keep the others running. Safe to call
   * twice.
   */
  stop(): Promise<void>
}

export function createLifecycle(log: Log): Lifecycle {
  const started: Service[] = []
  let stopping: Promise<void> | undefined
  const stopAll = async (): Promise<void> => {
    for (let service = started.pop(); service !== undefined; service = started.pop()) {
      try {
        await service.stop()
      } catch (error) {
        log.error(`${service.name} did not stop in order`, { error })
      }
    }
  }
  return {
    async start(service) {
      await service.start()
      started.push(service)
    },
    stop: () =>
      (stopping ??= stopAll().finally(() => {
        stopping = undefined
      }))
  }
}
