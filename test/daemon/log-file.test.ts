import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { boundedLog } from '../../daemon/log-file.ts'
import { scratch } from '../harness/index.ts'

/** As whoever starts a daemon opens it. */
function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true })
  return openSync(path, 'a')
}

describe('the log of a daemon in the background', () => {
  it('is bounded in bytes and files, keeps the newest lines in their order, and is its owner’s alone', async () => {
    const folder = await scratch('log')
    let runs = 0
    fc.assert(
      fc.property(
        fc.record({ bytes: fc.integer({ min: 50, max: 400 }), keep: fc.integer({ min: 0, max: 3 }) }),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }),
        (bounds, lengths) => {
          const path = join(folder, `${runs++}`, 'daemon.log')
          const fd = openLog(path)
          const log = boundedLog(path, bounds, fd)
          assert.ok(log)
          const lines = lengths.map((length, at) => `${at} ${'x'.repeat(length)}\n`)
          for (const line of lines) log.write(line)
          closeSync(fd)
          const files = readdirSync(join(path, '..'))
          assert.ok(files.length <= bounds.keep + 1)
          for (const name of files) {
            const { size, mode } = statSync(join(path, '..', name))
            assert.ok(size <= bounds.bytes)
            assert.equal(mode & 0o077, 0)
          }
          // From the oldest file to the newest: the end of all that was written.
          const kept = files
            .toSorted((a, b) => Number(b.split('.')[2] ?? 0) - Number(a.split('.')[2] ?? 0))
            .map(name => readFileSync(join(path, '..', name), 'utf8'))
            .join('')
          assert.ok(lines.join('').endsWith(kept))
        }
      ),
      { numRuns: 60 }
    )
  })

  it('counts what others write to it, and takes no other file for it', async () => {
    const folder = await scratch('log')
    const path = join(folder, 'one', 'daemon.log')
    const fd = openLog(path)
    const log = boundedLog(path, { bytes: 100, keep: 1 }, fd)
    writeSync(fd, 'a crash is told by the runtime itself\n'.repeat(4))
    log?.write('a line\n')
    assert.equal(readFileSync(path, 'utf8'), 'a line\n')
    assert.match(readFileSync(`${path}.1`, 'utf8'), /a crash/)
    // Fewer are kept than before.
    boundedLog(path, { bytes: 100, keep: 0 }, fd)
    assert.deepEqual(readdirSync(join(folder, 'one')), ['daemon.log'])
    closeSync(fd)
    const other = join(folder, 'other.log')
    writeFileSync(other, '')
    const elsewhere = openLog(join(folder, 'two', 'daemon.log'))
    assert.equal(boundedLog(other, { bytes: 100, keep: 1 }, elsewhere), undefined)
    assert.equal(boundedLog(join(folder, 'none'), { bytes: 100, keep: 1 }, elsewhere), undefined)
    closeSync(elsewhere)
  })
})
