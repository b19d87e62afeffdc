import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { traceView } from '../../daemon/api/contract/index.ts'
import type { TraceView } from '../../daemon/api/contract/index.ts'
import { atStake } from '../../daemon/api/handlers/trace/answer.ts'
import { look, viewOf } from '../../daemon/api/handlers/trace/checks.ts'
import { traceText } from '../../daemon/cli/commands/trace.ts'
import { tracePage } from '../../daemon/cli/trace-page.ts'
import { InvalidError, NotFoundError, keccak } from '../../protocol/primitives/index.ts'
import { startCommandLine } from './command-line.ts'

const hostile = `<script src="https://elsewhere.example/x.js"></script><img src=x onerror=alert(1)>\u202e"'&`

async function view(): Promise<TraceView> {
  return viewOf({ kind: 'receipt', id: keccak('an answer'), epoch: null, network: { chainId: 1, registry: '0x5f' } }, [
    {
      stage: 'receipt',
      title: 'The answer',
      facts: [{ name: 'question', value: hostile }],
      checks: [
        await look('Its id', () => 'is the hash of its fields'),
        await look(hostile, () => {
          throw new InvalidError('payouts.root', hostile)
        }),
        await look('Its bundle', () => {
          throw new NotFoundError('files.unavailable', 'nobody had it')
        }),
        await look('Its engine', () => {
          throw new RangeError('no memory')
        })
      ]
    }
  ])
}

describe('a trace, as it is shown', () => {
  it('says of each link whether it holds, does not, or could not be looked at', async () => {
    const traced = await view()
    assert.deepEqual(traceView.parse(traced), traced)
    assert.deepEqual([traced.held, traced.broken, traced.open], [1, 1, 2])
    const text = traceText(traced)
    for (const said of ['✓ Its id', '✗', '– Its bundle: files.unavailable', '1 links hold, 1 does not, 2 could not'])
      assert.ok(text.includes(said), said)
    assert.ok(!text.includes('\u202e'), 'nothing turns a terminal round')
  })

  it('calls nothing broken because a scorer of then has taken its stake back since', () => {
    assert.deepEqual(
      [200n, 100n, 90n, 0n].map(stake => atStake(stake, 100n).holds),
      [true, true, null, null]
    )
  })

  it('stands alone as a page: no script, nothing from elsewhere, and what others say is text', async () => {
    const page = tracePage(await view())
    assert.ok(page.startsWith('<!doctype html>'))
    assert.ok(!/<(?:script|img|link|iframe|object|a)\b|@import|url\(/iu.test(page), 'it loads something')
    assert.ok(!page.includes('\u202e'))
    assert.ok(page.includes('&#60;script'), 'what was said is still to be read')
    assert.ok(page.includes("default-src 'none'"))
    // Of its ids and accounts none is wider than a narrow screen, or leaves no room for what stands beside it.
    assert.match(page, /body \{[^}]*overflow-wrap: anywhere/u)
    assert.match(page, /@media \(max-width: 40rem\) \{ dl \{ grid-template-columns: 1fr/u)
  })
})

describe('a page of a trace', function () {
  this.timeout(180_000)

  it('is written into any folder, and over nothing, which is said before anything is looked at', async () => {
    let looked = 0
    const cli = await startCommandLine({
      async trace() {
        looked++
        return view()
      }
    })
    try {
      const file = join(cli.folder, 'ä b', 'pages', 'answer.html')
      // What does not hold is an exit code of its own.
      const first = await cli.run('trace', '0x12', '--html', file)
      assert.equal(first.code, 2, first.stderr)
      assert.match(await readFile(file, 'utf8'), /<html/)
      await writeFile(file, 'mine')
      // Where no folder can be made is said too, also where the system tries for ever.
      for (const none of [join(file, 'x.html'), '/proc/none/x.html']) {
        const nowhere = await cli.run('trace', '0x12', '--html', none)
        assert.deepEqual([nowhere.code, looked], [1, 1])
        assert.match(nowhere.stderr, /no folder can be made/)
      }
      const again = await cli.run('trace', '0x12', '--html', file)
      assert.deepEqual([again.code, looked], [1, 1])
      assert.match(again.stderr, /stands there already.*--force/s)
      assert.equal(await readFile(file, 'utf8'), 'mine')
    } finally {
      await cli.stop()
    }
  })
})
