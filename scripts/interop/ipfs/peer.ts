import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What a peer says of itself first. */
interface Hello {
  readonly peerId: string
  readonly addrs: readonly string[]
}
export interface Heard {
  readonly message: string
  readonly topic: string
  readonly from: string
}

export interface GoPeer extends Hello {
  /** @throws what the peer answered */
  do(what: Readonly<Record<string, string>>): Promise<Record<string, unknown>>
  /** Messages that came, in their order. */
  readonly heard: readonly Heard[]
  stop(): Promise<void>
}

/** Starts the peer of `main.go`; it does one thing after another. */
export async function startGoPeer(program: string, args: readonly string[] = []): Promise<GoPeer> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>(resolve => {
    child.on('close', () => {
      resolve()
    })
  })
  const heard: Heard[] = []
  const waiting: ((answer: Record<string, unknown>) => void)[] = []
  let greeted: (hello: Hello) => void = () => undefined
  const hello = new Promise<Hello>((resolve, reject) => {
    greeted = resolve
    child.on('error', reject)
    void ended.then(() => {
      reject(new Error('the peer ended'))
    })
  })
  createInterface(child.stdout).on('line', line => {
    const said = JSON.parse(line) as Hello | Heard | { answer: Record<string, unknown> }
    if ('answer' in said) waiting.shift()?.(said.answer)
    else if ('message' in said) heard.push(said)
    else greeted(said)
  })
  return {
    ...(await hello),
    heard,
    async do(what) {
      const answer = await new Promise<Record<string, unknown>>(resolve => {
        waiting.push(resolve)
        void ended.then(() => {
          resolve({ error: 'the peer ended' })
        })
        child.stdin.write(`${JSON.stringify(what)}\n`)
      })
      if (typeof answer['error'] === 'string') throw new Error(answer['error'])
      return answer
    },
    async stop() {
      child.kill()
      await ended
    }
  }
}
