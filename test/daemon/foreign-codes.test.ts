import assert from 'node:assert/strict'
import { errorReply } from '../../daemon/api/server/errors.ts'
import { openAiErrorReply } from '../../daemon/api/server/openai/errors.ts'
import { issueInWords, reasonInWords, voteCodeInWords } from '../../protocol/data/index.ts'
import { declineInWords, declineReport } from '../../protocol/jobs/index.ts'
import { because } from '../../protocol/data/index.ts'
import { PeerError } from '../../protocol/wire/index.ts'

// A name that every object has by its prototype is a code like any other where a stranger says it: a worker that
// declines with it would otherwise end its builder's list of jobs, and one that answers with it the error's reply.

const nonce = `0x${'00'.repeat(32)}`

describe('codes that strangers say', () => {
  it('are shown as they are, whatever every object knows by that name', () => {
    const { code } = declineReport.parse({ job: nonce, code: 'constructor' })
    assert.equal(because.parse({ reason: '', code, nonce }).code, code)
    for (const inWords of [declineInWords, voteCodeInWords, reasonInWords, issueInWords])
      assert.equal(inWords(code), code)
  })

  it('make an error with a status and a code of its own', () => {
    const error = new PeerError('constructor')
    assert.equal(error.code, 'constructor')
    assert.deepEqual([errorReply(error).status, errorReply(error).body.error.code], [503, 'constructor'])
    const { status, body } = openAiErrorReply(error)
    assert.deepEqual([status, body.error.code, body.error.param], [503, 'constructor', null])
  })
})
