import assert from 'node:assert/strict'
import { knock } from '../../../node/transport/files/knocking.ts'
import { pause } from '../../harness/index.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import type { Peer } from '../../../node/transport/types.ts'

const self: Peer = { peerId: 'self', address: `0x${'11'.repeat(20)}` }
const stranger = `0x${'22'.repeat(20)}`
const never = (signal?: AbortSignal): Promise<Peer> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('over')), { once: true }))

describe('who should have a file', () => {
  function door(answers: Record<string, 'there' | 'gone' | 'silent'>) {
    const dialled: string[] = []
    const over = new AbortController()
    const peers = {
      self,
      known: async (account: string) => (account === stranger ? undefined : { peerId: account, addresses: [] }),
      dial: (name: string, { signal }: { signal?: AbortSignal } = {}) => {
        dialled.push(name)
        if (answers[name] === 'silent') return never(signal)
        return answers[name] === 'gone' ? Promise.reject(new Error('gone')) : Promise.resolve(self)
      }
    }
    return { dialled, over, knocked: knock(peers, Object.keys(answers), over.signal, () => 0, silentLog) }
  }

  it('is asked one after another, and nobody more once the file is here', async () => {
    const { dialled, over, knocked } = door({ self: 'there', one: 'there', two: 'there' })
    await pause(10)
    over.abort()
    await knocked
    assert.deepEqual(dialled, ['one'])
  })

  it('is looked for in the DHT, whoever was never met, when nothing comes for longer from the others', async () => {
    const { dialled, over, knocked } = door({ [stranger]: 'gone', one: 'there' })
    await pause(1_500) // one was reached, and has not given anything
    over.abort()
    await knocked
    assert.deepEqual(dialled, ['one'])
    const alone = door({ [stranger]: 'gone' })
    await alone.knocked
    assert.deepEqual(alone.dialled, [stranger])
  })

  it('is asked at once where the one before is not reached, and soon where it brings nothing', async () => {
    const { dialled, knocked, over } = door({ one: 'gone', two: 'silent', three: 'there', four: 'gone' })
    await knocked
    assert.deepEqual(dialled, ['one', 'two', 'three', 'four'])
    over.abort()
  })
})
