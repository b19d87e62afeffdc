import assert from 'node:assert/strict'
import { openSandbox } from '../../../node/runtime/sandbox/index.ts'

describe('a sandbox', () => {
  const program = new URL('data:text/javascript,export const tasks = { begin() {}, double: x => 2 * x }')
  const open = () =>
    openSandbox<{ begin: (key: string) => void; double: (x: number) => number }>({
      program,
      beginMs: 20_000,
      heapMb: 64,
      processes: 1,
      queue: 4,
      idleMs: 60_000
    })

  // A file that is not there is heard of later, a path that is none at once; so it is with handles and with memory.
  for (const [heard, path] of Object.entries({ later: '/nowhere/node', 'at once': '' })) {
    it(`whose process the system does not start, which is heard of ${heard}, says so and goes on`, async () => {
      const sandbox = open()
      const { execPath } = process
      try {
        process.execPath = path
        for (let i = 0; i < 3; i++) {
          const asked = sandbox.run('model', 'double', 4, 5_000)
          await assert.rejects(asked, { code: 'sandbox.start', consequence: 'retry' })
        }
        process.execPath = execPath
        // Nobody is barred for what was this machine's fault.
        assert.equal(await sandbox.run('model', 'double', 4, 5_000), 8)
      } finally {
        process.execPath = execPath
        sandbox.close()
      }
    })
  }
})
