import { toPlain } from './plain-error.ts'
import type { FromProcess, Tasks, ToProcess } from './messages.ts'

/** The process in which a stranger's program runs. Its argument is the module whose `tasks` it is asked for. */
const send = process.send?.bind(process)
if (send !== undefined) {
  // Ctrl-C reaches the whole group; the parent decides when this process ends, and it ends with the parent.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => undefined)
  process.on('disconnect', () => process.exit())
  const program: Promise<{ tasks: Tasks }> = import(process.argv[2] ?? '')
  process.on('message', async ({ id, name, argument }: ToProcess) => {
    send(await answer(id, name, argument))
  })

  const answer = async (id: number, name: string, argument: unknown): Promise<FromProcess> => {
    try {
      const { tasks } = await program
      const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined
      return { id, result: await task?.(argument as never) }
    } catch (error) {
      return { id, error: toPlain(error, message => ({ code: 'internal', message })) }
    }
  }
}
