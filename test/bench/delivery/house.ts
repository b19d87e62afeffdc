import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A process in which some peers run. */
export interface House {
  /** @returns the new peer's address */
  add(join: readonly string[]): Promise<string>
  /** Of its peers, the fewest others that one knows in the topic. */
  least(): Promise<number>
  /** Connections of its peers. */
  links(): Promise<number>
  /** One of its peers, in turn, says a message. */
  say(n: number): Promise<void>
  /** Milliseconds that each delivery to one of its peers took so far. */
  heard(): Promise<number[]>
  end(): void
}

export interface Order {
  readonly id: number
  readonly verb: 'add' | 'least' | 'links' | 'say' | 'heard'
  readonly given: unknown
}
export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

export async function startHouse(): Promise<House> {
  const child = fork(join(import.meta.dirname, 'peers.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  const waiting = new Map<number, (answer: Answer) => void>()
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer))
  child.on('exit', code => {
    for (const [id, answered] of waiting) answered({ id, error: `the process ended (${code})` })
  })
  let orders = 0
  const ask = (verb: Order['verb'], given?: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = orders++
      waiting.set(id, ({ value, error }) => {
        waiting.delete(id)
        if (error === undefined) resolve(value)
        else reject(new Error(`${verb}: ${error}`))
      })
      child.send({ id, verb, given } satisfies Order)
    })
  return {
    add: async others => (await ask('add', others)) as string,
    least: async () => (await ask('least')) as number,
    links: async () => (await ask('links')) as number,
    say: async n => void (await ask('say', n)),
    heard: async () => (await ask('heard')) as number[],
    end: () => void child.kill('SIGKILL')
  }
}
