import assert from 'node:assert/strict'
import { traceView } from '../../daemon/api/contract/index.ts'
import type { TraceView } from '../../daemon/api/contract/index.ts'
import { look, viewOf } from '../../daemon/api/handlers/trace/checks.ts'
import { traceText } from '../../daemon/cli/commands/trace.ts'
import { tracePage } from '../../daemon/cli/trace-page.ts'
import { InvalidError, NotFoundError, keccak } from '../../protocol/primitives/index.ts'

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

  it('stands alone as a page: no script, nothing from elsewhere, and what others say is text', async () => {
    const page = tracePage(await view())
    assert.ok(page.startsWith('<!doctype html>'))
    assert.ok(!/<(?:script|img|link|iframe|object|a)\b|@import|url\(/iu.test(page), 'it loads something')
    assert.ok(!page.includes('\u202e'))
    assert.ok(page.includes('&#60;script'), 'what was said is still to be read')
    assert.ok(page.includes("default-src 'none'"))
  })
})
