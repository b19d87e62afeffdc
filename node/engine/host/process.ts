import type { ToWorker, WorkerOptions } from './messages.ts'
import { serve } from './worker.ts'

/** The process in which sessions run that no thread can hold (peer.ts). Its first argument is the runtime as JSON. */
if (process.send !== undefined) {
  // Ctrl-C reaches the whole group; the parent decides when this process ends, and it ends with the parent.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => undefined)
  process.on('disconnect', () => process.exit())
  serve(
    {
      post: message => {
        process.send?.(message)
      },
      listen: take => {
        process.on('message', message => take(message as ToWorker))
      },
      close: () => process.disconnect()
    },
    JSON.parse(process.argv[2] ?? '{}') as WorkerOptions
  )
}
